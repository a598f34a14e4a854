// The captures of the lab: what passed a host, when, and which way.
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "model/wire/datagram.h"
#include "realnet/lab/run.h"
#include "tests/lab/plans.h"
#include "tests/pcap.h"

namespace poise::realnet::lab {
namespace {

using namespace labtest;
using scenario::FaultKind;
using scenario::Plan;
using scenario::RunResult;

// A folder of this test's own, gone when it ends.
class LabCapture : public ::testing::Test {
 protected:
  LabCapture() {
    std::string name = (std::filesystem::temp_directory_path() / "poise_lab_XXXXXX").string();
    folder_ = ::mkdtemp(name.data());
  }
  ~LabCapture() override { std::filesystem::remove_all(folder_); }

  RunResult run_here(const Plan& plan) {
    return run(plan, {.files_folder = folder_, .without_balancers = true});
  }
  std::vector<Captured> captured(const std::string& node) const {
    return read_pcap(folder_ + "/" + node + ".pcap");
  }

  std::string folder_;
};

struct Seen {
  std::map<std::uint16_t, Instant> asked;  // by source port: the first SYN
  std::int64_t answered = 0;               // bytes that the service sent
};

Seen look(const std::vector<Captured>& packets, const Address& vip) {
  Seen seen;
  for (const Captured& packet : packets) {
    wire::Datagram datagram;
    EXPECT_EQ(wire::parse(packet.datagram, datagram), wire::Malformed::none);
    if (!datagram.is_tcp()) continue;
    if (datagram.source == vip) seen.answered += datagram.payload_size;
    if (datagram.destination == vip && datagram.tcp_flags == wire::tcp_flag::kSyn)
      seen.asked.emplace(datagram.source_port, packet.at);
  }
  return seen;
}

TEST_F(LabCapture, HasEveryFlowBothWaysAtItsTimeInTheRun) {
  Plan plan = small_plan(1, 1, 1);
  plan.measures.captures = {"client1", "balancer1"};
  const RunResult result = run_here(plan);
  ASSERT_EQ(result.files.size(), 2u);
  ASSERT_GT(result.flows.size(), 10u);
  std::int64_t bytes = 0;
  for (const scenario::FlowRow& flow : result.flows) bytes += flow.bytes;
  for (const std::string node : {"client1", "balancer1"}) {
    const Seen seen = look(captured(node), plan.service.vips[0].address);
    EXPECT_GE(seen.answered, bytes) << node;
    for (const scenario::FlowRow& flow : result.flows) {
      ASSERT_TRUE(seen.asked.contains(flow.source_port)) << node;
      const double sent = static_cast<double>(to_ns(seen.asked.at(flow.source_port)));
      EXPECT_NEAR(sent, static_cast<double>(flow.start_ns), 50e6) << node;
    }
  }
}

// A cut link: the sender's end shows what was sent in vain, the other end nothing.
TEST_F(LabCapture, ShowsWhatWasSentIntoACutLinkAtTheSenderAlone) {
  Plan plan = small_plan(1, 1, 1);
  plan.workload.flow_count_max = 1;
  plan.workload.start = 300ms;
  plan.workload.stop = 1s;
  plan.duration = 1s;
  plan.faults = {fault(0s, FaultKind::link_down, "client1-leaf1")};
  plan.measures.captures = {"client1", "leaf1"};
  run_here(plan);
  EXPECT_EQ(look(captured("client1"), plan.service.vips[0].address).asked.size(), 1u);
  EXPECT_EQ(look(captured("leaf1"), plan.service.vips[0].address).asked.size(), 0u);
}

}  // namespace
}  // namespace poise::realnet::lab
