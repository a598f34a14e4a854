// What crosses a node is what the machine wrote, byte for byte, and a record of it replays.
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "model/balancer/agent.h"
#include "model/balancer/balancer.h"
#include "model/balancer/recorded.h"
#include "model/scenario/machine_config.h"
#include "model/scenario/topology.h"
#include "sim/ns3/run.h"
#include "tests/ns3/plans.h"
#include "tests/pcap.h"

namespace poise::ns3world {
namespace {

using namespace ns3test;
using scenario::Plan;
using scenario::RunResult;
using Bytes = std::vector<std::uint8_t>;

// A folder of this test's own, gone when it ends.
class Folder {
 public:
  Folder() {
    std::string name = (std::filesystem::temp_directory_path() / "poise_ns3_XXXXXX").string();
    path_ = mkdtemp(name.data());
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  std::string path() const { return path_.string(); }

  Bytes read(const std::string& name) const {
    std::ifstream file(path_ / name, std::ios::binary);
    return Bytes(std::istreambuf_iterator<char>(file), {});
  }

 private:
  std::filesystem::path path_;
};

std::vector<Bytes> packets_of(const std::string& pcap) {
  std::vector<Bytes> packets;
  for (Captured& packet : read_pcap(pcap)) packets.push_back(std::move(packet.datagram));
  return packets;
}

std::uint16_t ones_sum(std::span<const std::uint8_t> bytes, std::uint32_t sum = 0) {
  for (std::size_t i = 0; i < bytes.size(); ++i)
    sum += i % 2 == 0 ? static_cast<std::uint32_t>(bytes[i]) << 8 : bytes[i];
  while (sum >> 16) sum = (sum & 0xffff) + (sum >> 16);
  return static_cast<std::uint16_t>(sum);
}

bool has_good_checksums(const Bytes& tcp_datagram) {
  const std::span<const std::uint8_t> all(tcp_datagram);
  const auto tcp = all.subspan(20);
  const std::uint32_t pseudo =
      ones_sum(all.subspan(12, 8)) + 6u + static_cast<std::uint32_t>(tcp.size());
  return ones_sum(all.first(20)) == 0xffff && ones_sum(tcp, pseudo) == 0xffff;
}

constexpr std::size_t kGueOverhead = 32;
bool is_tunnel(const Bytes& datagram) {
  return datagram[9] == 17;
}
bool is_to_vip(const Bytes& datagram) {
  return datagram[9] == 6 && datagram[16] == 10 && datagram[17] == 255;
}

TEST(Ns3Bytes, ADatagramLeavesABalancerAsItCameInsideATunnel) {
  const Folder folder;
  Plan plan = small_plan(1, 1, 2);
  plan.workload.flow_count_max = 5;
  plan.measures.captures = {"balancer1"};
  RunOptions options;
  options.files_folder = folder.path();
  const RunResult result = run_forked(plan, options);
  ASSERT_EQ(result.files.size(), 1u);
  const std::vector<Bytes> packets = packets_of(folder.path() + "/balancer1.pcap");
  std::size_t seen = 0;
  for (std::size_t i = 0; i + 1 < packets.size(); ++i) {
    if (!is_to_vip(packets[i])) continue;
    ++seen;
    EXPECT_TRUE(has_good_checksums(packets[i]));
    const Bytes& out = packets[i + 1];  // what comes in goes out in the same instant
    ASSERT_TRUE(is_tunnel(out));
    ASSERT_EQ(out.size(), packets[i].size() + kGueOverhead);
    const Bytes inner(out.begin() + kGueOverhead, out.end());
    EXPECT_TRUE(has_good_checksums(inner));
    // Beyond the IP header, where the TTL stands, nothing differs.
    EXPECT_TRUE(std::equal(inner.begin() + 20, inner.end(), packets[i].begin() + 20));
    EXPECT_EQ(ones_sum(std::span(out).first(20)), 0xffff);
  }
  EXPECT_GT(seen, 30u);
}

TEST(Ns3Bytes, RoutersChangeNothingOfATunnelButItsTtl) {
  const Folder folder;
  Plan plan = small_plan(1, 1, 1);
  plan.workload.flow_count_max = 5;
  plan.measures.captures = {"balancer1", "backend1"};
  RunOptions options;
  options.files_folder = folder.path();
  run_forked(plan, options);
  const auto tunnels = [&](const std::string& name) {
    std::vector<Bytes> found;
    for (Bytes& packet : packets_of(folder.path() + "/" + name)) {
      if (!is_tunnel(packet)) continue;
      packet[8] = packet[10] = packet[11] = 0;  // TTL and header checksum
      found.push_back(std::move(packet));
    }
    return found;
  };
  const std::vector<Bytes> sent = tunnels("balancer1.pcap");
  EXPECT_GT(sent.size(), 30u);
  EXPECT_EQ(sent, tunnels("backend1.pcap"));
}

TEST(Ns3Bytes, RecordsReplayToTheSameBytesAndDigests) {
  const Folder folder;
  Plan plan = small_plan(4, 2, 3);
  plan.measures.records = true;
  plan.faults = {{2s, scenario::FaultKind::drain, "backend2", {}, 0}};
  RunOptions options;
  options.files_folder = folder.path();
  run_forked(plan, options);
  const scenario::Topology topology(plan.topology);
  for (const std::string name : {"balancer1", "balancer2"}) {
    const Bytes record = folder.read(name + ".record");
    Balancer balancer(balancer_config(plan, topology, *topology.find_node(name)),
                      policy::make(policy_config(plan)));
    const ReplayReport report = replay(record, balancer);
    EXPECT_TRUE(report.identical) << name << " " << report.error << " " << report.diverged_at;
    EXPECT_GT(report.packets, 100u);
  }
  for (const std::string name : {"backend1", "backend2", "backend3"}) {
    const Bytes record = folder.read(name + ".record");
    Agent agent(agent_config(plan, topology, *topology.find_node(name)));
    const ReplayReport report = replay(record, agent);
    EXPECT_TRUE(report.identical) << name << " " << report.error << " " << report.diverged_at;
  }
}

}  // namespace
}  // namespace poise::ns3world
