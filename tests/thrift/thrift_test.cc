// The data path allocates nothing, under every policy and for every kind of packet; a flow costs at
// most 64 bytes.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "model/balancer/agent.h"
#include "model/balancer/balancer.h"
#include "model/wire/build.h"
#include "model/wire/icmp.h"
#include "tests/balancer/rig.h"
#include "tests/thrift/allocations.h"

namespace poise::thrift {
namespace {

using Bytes = std::vector<std::uint8_t>;

// The packets of many clients: new flows and old ones, too big, in pieces, errors, nonsense.
std::vector<Bytes> traffic() {
  std::vector<Bytes> all;
  for (std::uint16_t port = 1000; port < 1400; ++port) {
    const Endpoint client{testing::kClient, port};
    const Endpoint vip{testing::kVip, 80};
    const Bytes payload(port % 7 == 0 ? 1460 : port % 100);
    wire::TcpSegment segment{.source = client, .destination = vip, .payload = payload};
    segment.flags = port % 3 == 0 ? wire::tcp_flag::kSyn : wire::tcp_flag::kAck;
    if (port % 11 == 0) segment.flags |= wire::tcp_flag::kFin;
    segment.ip.dont_fragment = port % 2 == 0;
    all.push_back(wire::build(segment));
    const Bytes reply = wire::build(wire::TcpSegment{.source = vip, .destination = client});
    wire::Datagram quoted;
    if (wire::parse(reply, quoted) != wire::Malformed::none) continue;
    Bytes error(wire::kIcmpErrorMax);
    error.resize(wire::build_icmp_error(wire::IcmpError::packet_too_big, reply, quoted,
                                        testing::kClient, 1400, error));
    all.push_back(error);
    const Bytes large(1200);
    const Bytes datagram = wire::build(
        wire::UdpDatagram{.source = client, .destination = {testing::kVip, 53}, .payload = large});
    for (const Bytes& piece : wire::fragment(datagram, 600, port)) all.push_back(piece);
    all.push_back(Bytes(all.back().begin(), all.back().begin() + port % 20));
  }
  return all;
}

// Packets in memory that is there before anything is counted.
class Loaded {
 public:
  explicit Loaded(const std::vector<Bytes>& datagrams)
      : memory_(datagrams.size() * kSlot), packets_(datagrams.size()) {
    load(datagrams);
  }
  void load(const std::vector<Bytes>& datagrams) {
    for (std::size_t i = 0; i < datagrams.size(); ++i) {
      const std::span<std::uint8_t> slot = std::span(memory_).subspan(i * kSlot, kSlot);
      std::copy(datagrams[i].begin(), datagrams[i].end(), slot.begin() + kHeadroom);
      packets_[i] = Packet(slot, kHeadroom, datagrams[i].size());
    }
  }
  std::span<Packet> packets() { return packets_; }

 private:
  static constexpr std::size_t kSlot = 2048;
  std::vector<std::uint8_t> memory_;
  std::vector<Packet> packets_;
};

class Thrift : public ::testing::TestWithParam<std::string> {};

TEST(Allocations, AreCounted) {
  const std::uint64_t before = allocations();
  const Bytes bytes(100);
  EXPECT_EQ(allocations(), before + 1);
  EXPECT_EQ(bytes.size(), 100u);
}

TEST_P(Thrift, APacketAllocatesNothing) {
  BalancerConfig config = testing::config();
  config.flow_count_max = 64;  // so that flows are evicted and refused, too
  testing::Rig rig(config, {.kind = GetParam(), .table_size = 251});
  for (unsigned i = 0; i < 5; ++i) rig.registers(i);
  const std::vector<Bytes> datagrams = traffic();
  Loaded loaded(datagrams);

  const std::uint64_t before = allocations();
  for (Packet& packet : loaded.packets()) {
    static_cast<void>(rig.balancer.on_packet(rig.now, packet));
    while (rig.balancer.next_transmit()) {
    }
    rig.now += Duration{1000};
  }
  EXPECT_EQ(allocations(), before);
  EXPECT_GT(rig.count(Count::forwarded), 100u);
  EXPECT_GT(rig.count(Count::too_big_answers), 10u);
  EXPECT_GT(rig.count(Count::fragments_forwarded), 10u);
  EXPECT_GT(rig.count(Count::drop_malformed), 10u);
}

TEST_P(Thrift, ABurstAllocatesNothing) {
  testing::Rig rig(testing::config(), {.kind = GetParam(), .table_size = 251});
  for (unsigned i = 0; i < 5; ++i) rig.registers(i);
  const std::vector<Bytes> datagrams = traffic();
  Loaded loaded(datagrams);
  std::vector<Verdict> verdicts(kBurst);

  const std::uint64_t before = allocations();
  for (std::size_t i = 0; i < loaded.packets().size(); i += kBurst) {
    const std::size_t size = std::min(kBurst, loaded.packets().size() - i);
    rig.balancer.on_burst(rig.now, loaded.packets().subspan(i, size),
                          std::span(verdicts).first(size));
    while (rig.balancer.next_transmit()) {
    }
  }
  EXPECT_EQ(allocations(), before);
  EXPECT_GT(rig.count(Count::forwarded), 100u);
}

std::vector<std::string> kinds() {
  std::vector<std::string> kinds;
  for (const policy::Entry& entry : policy::catalogue()) kinds.emplace_back(entry.kind);
  return kinds;
}
INSTANTIATE_TEST_SUITE_P(, Thrift, ::testing::ValuesIn(kinds()),
                         [](const auto& test) { return test.param; });

TEST(AgentThrift, ATunnelAllocatesNothing) {
  AgentConfig config;
  config.address = testing::backend_address(1);
  config.balancers = {testing::kBalancer};
  config.vips = {{testing::kVip, 6, 80}};
  Agent agent(config);
  const Bytes inner = wire::build(wire::TcpSegment{
      .source = {testing::kClient, 4000}, .destination = {testing::kVip, 80}, .mss = 1460});
  Loaded loaded(std::vector<Bytes>(50, inner));
  const wire::TunnelHeader tunnel(config.encapsulation, testing::kBalancer, config.address);
  for (Packet& packet : loaded.packets()) tunnel.apply(packet, 50000);
  Loaded replies(std::vector<Bytes>(
      50,
      wire::build(wire::TcpSegment{
          .source = {testing::kVip, 80}, .destination = {testing::kClient, 4000}, .mss = 1460})));

  const std::uint64_t before = allocations();
  for (Packet& packet : loaded.packets()) static_cast<void>(agent.on_packet(Instant{}, packet));
  for (Packet& packet : replies.packets()) static_cast<void>(agent.on_egress(Instant{}, packet));
  EXPECT_EQ(allocations(), before);
  EXPECT_EQ(agent.counters()[Count::forwarded], 50u);
  EXPECT_EQ(agent.counters()[Count::mss_clamped], 50u);
}

TEST(FlowTableThrift, AFlowCostsAtMost64Bytes) {
  for (const std::uint32_t capacity : {65536u, 1000000u}) {
    const FlowTable table({.capacity = capacity});
    EXPECT_LE(table.memory_bytes(), std::size_t{64} * capacity) << capacity;
  }
}

}  // namespace
}  // namespace poise::thrift
