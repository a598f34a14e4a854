// Laws of the data path: which packet goes where, what is dropped and why, what is answered.
#include "tests/balancer/rig.h"

#include <set>

#include "model/wire/icmp.h"
#include "model/wire/rewrite.h"

namespace poise {
namespace {

using namespace testing;

std::vector<std::uint8_t> inner_of(const Sent& sent, wire::Encapsulation encapsulation) {
  Buffer buffer(sent.bytes);
  EXPECT_EQ(wire::decapsulate(encapsulation, buffer.packet()), wire::Malformed::none);
  return {buffer.packet().bytes().begin(), buffer.packet().bytes().end()};
}

TEST(DataPath, TheInnerDatagramArrivesByteForByte) {
  using enum wire::Encapsulation;
  for (const wire::Encapsulation encapsulation : {caplance, gue, ipip, gre}) {
    BalancerConfig c = config();
    c.encapsulation = encapsulation;
    Rig rig(c);
    rig.registers(1);
    const std::vector<std::uint8_t> bytes = wire::build(
        wire::TcpSegment{.source = {kClient, 4000}, .destination = {kVip, 80}, .sequence = 7});
    const Sent sent = rig.sends(bytes);
    EXPECT_EQ(sent.verdict, Verdict::forward);
    EXPECT_EQ(inner_of(sent, encapsulation), bytes) << to_string(encapsulation);
  }
}

TEST(DataPath, WhatIsNotForAVipPasses) {
  Rig rig;
  rig.registers(1);
  const auto to = [](Address address, std::uint16_t port) {
    return wire::build(wire::TcpSegment{.source = {kClient, 1}, .destination = {address, port}});
  };
  EXPECT_EQ(rig.sends(to(kBalancer, 80)).verdict, Verdict::pass);
  EXPECT_EQ(rig.sends(to(kVip, 81)).verdict, Verdict::pass);
  EXPECT_EQ(rig.sends(to(kVip, 80)).verdict, Verdict::forward);
}

TEST(DataPath, AVipWithAnyPortTakesEveryPort) {
  Rig rig;
  rig.registers(1);
  for (const std::uint16_t port : std::initializer_list<std::uint16_t>{1, 53, 65535})
    EXPECT_EQ(rig.sends(wire::build(
                            wire::UdpDatagram{.source = {kClient, 9}, .destination = {kVip, port}}))
                  .verdict,
              Verdict::forward);
}

TEST(DataPath, AFlowStaysWhenABackendJoins) {
  Rig rig;
  for (unsigned i = 1; i <= 4; ++i) rig.registers(i);
  std::map<std::uint16_t, Address> before;
  for (std::uint16_t port = 1; port <= 500; ++port) before[port] = rig.syn(port).to;
  rig.registers(5);
  for (const auto& [port, to] : before) EXPECT_EQ(rig.ack(port).to, to);
}

TEST(DataPath, WithoutTrackingFlowsFollowThePolicy) {
  BalancerConfig c = config();
  c.tracking = false;
  Rig rig(c, {.kind = "hash_mod_n"});
  for (unsigned i = 1; i <= 4; ++i) rig.registers(i);
  std::map<std::uint16_t, Address> before;
  for (std::uint16_t port = 1; port <= 2000; ++port) before[port] = rig.syn(port).to;
  rig.registers(5);
  int moved = 0;
  for (const auto& [port, to] : before) moved += rig.ack(port).to != to;
  EXPECT_NEAR(moved / 2000.0, 4.0 / 5.0, 0.05) << "hash mod N moves N/(N+1) of the flows";
}

TEST(DataPath, BalancersWithEqualMembersAgree) {
  BalancerConfig other = config();
  other.address = Address::v4(0x0a000002);
  other.seed = 99;
  Rig a, b(other);
  for (unsigned i = 1; i <= 5; ++i) a.registers(i);
  for (unsigned i = 5; i >= 1; --i) b.registers(i);  // another order, other indexes
  for (std::uint16_t port = 1; port <= 1000; ++port) EXPECT_EQ(a.syn(port).to, b.syn(port).to);
}

TEST(DataPath, AFlowOfADeadBackendIsChosenAnew) {
  Rig rig;
  rig.registers(1).registers(2);
  std::map<std::uint16_t, Address> before;
  for (std::uint16_t port = 1; port <= 100; ++port) before[port] = rig.syn(port).to;
  rig.beats_until(2s, {2});
  for (const auto& [port, to] : before) EXPECT_EQ(rig.ack(port).to, backend_address(2));
}

TEST(DataPath, AnIcmpErrorGoesWhereTheFlowItQuotesGoes) {
  Rig rig;
  for (unsigned i = 1; i <= 8; ++i) rig.registers(i);
  for (std::uint16_t port = 1; port <= 50; ++port) {
    const Address to = rig.syn(port).to;
    // The backend's answer from the VIP met a small MTU on its way to the client.
    const std::vector<std::uint8_t> answer = wire::build(wire::TcpSegment{
        .source = {kVip, 80}, .destination = {kClient, port}, .flags = wire::tcp_flag::kAck});
    wire::Datagram parsed;
    ASSERT_EQ(wire::parse(answer, parsed), wire::Malformed::none);
    std::vector<std::uint8_t> error(wire::kIcmpErrorMax);
    error.resize(wire::build_icmp_error(wire::IcmpError::packet_too_big, answer, parsed,
                                        Address::v4(0x0a020001), 1400, error));
    EXPECT_EQ(rig.sends(error).to, to);
  }
  EXPECT_EQ(rig.count(Count::icmp_forwarded), 50u);
}

TEST(DataPath, LaterFragmentsFollowTheirFirst) {
  Rig rig;
  for (unsigned i = 1; i <= 8; ++i) rig.registers(i);
  const std::vector<std::uint8_t> payload(4000, 'x');
  for (std::uint16_t port = 1; port <= 20; ++port) {
    const std::vector<std::uint8_t> whole =
        wire::build(wire::UdpDatagram{.source = {kClient, port},
                                      .destination = {kVip, 53},
                                      .payload = payload,
                                      .ip = {.id = port, .dont_fragment = false}});
    const auto pieces = wire::fragment(whole, 1400, port);
    ASSERT_EQ(pieces.size(), 3u);
    const Address to = rig.sends(pieces[0]).to;
    EXPECT_EQ(rig.sends(pieces[2]).to, to);
    EXPECT_EQ(rig.sends(pieces[1]).to, to);
  }
}

TEST(DataPath, AnOrphanFragmentIsDroppedAndCounted) {
  Rig rig;
  rig.registers(1);
  const std::vector<std::uint8_t> payload(4000, 'x');
  const auto pieces = wire::fragment(wire::build(wire::UdpDatagram{.source = {kClient, 1},
                                                                   .destination = {kVip, 53},
                                                                   .payload = payload,
                                                                   .ip = {.dont_fragment = false}}),
                                     1400, 1);
  EXPECT_EQ(rig.sends(pieces[1]).verdict, Verdict::drop);
  EXPECT_EQ(rig.count(Count::drop_fragment_orphan), 1u);
}

TEST(DataPath, ADatagramTooBigForItsTunnelIsAnswered) {
  Rig rig;
  rig.registers(1);
  EXPECT_EQ(rig.ack(1, 1500 - 32 - 40).verdict, Verdict::forward) << "GUE over IPv4 takes 32 bytes";
  EXPECT_EQ(rig.ack(1, 1500 - 32 - 40 + 1).verdict, Verdict::drop);
  const auto answers = rig.transmitted();
  ASSERT_EQ(answers.size(), 1u);
  wire::Datagram answer;
  ASSERT_EQ(wire::parse(answers[0], answer), wire::Malformed::none);
  EXPECT_EQ(answer.destination, kClient);
  EXPECT_EQ(answer.icmp_mtu, 1468u);
  EXPECT_EQ(rig.count(Count::drop_too_big), 1u);
}

TEST(DataPath, ABigDatagramThatMayBeCutIsCut) {
  Rig rig;
  rig.registers(1);
  const std::vector<std::uint8_t> payload(1472, 'y');
  const Sent first =
      rig.sends(wire::build(wire::UdpDatagram{.source = {kClient, 1},
                                              .destination = {kVip, 53},
                                              .payload = payload,
                                              .ip = {.id = 5, .dont_fragment = false}}));
  EXPECT_EQ(first.verdict, Verdict::forward);
  const auto rest = rig.transmitted();
  ASSERT_EQ(rest.size(), 1u);
  std::size_t bytes = 0;
  for (const std::vector<std::uint8_t>& piece : {first.bytes, rest[0]}) {
    EXPECT_LE(piece.size(), 1500u);
    wire::Datagram inner;
    const auto stripped = inner_of({Verdict::forward, {}, piece}, wire::Encapsulation::gue);
    ASSERT_EQ(wire::parse(stripped, inner), wire::Malformed::none);
    EXPECT_TRUE(inner.is_fragment);
    EXPECT_EQ(inner.fragment_offset, bytes);
    bytes += inner.total_size - 20;
  }
  EXPECT_EQ(bytes, payload.size() + 8);
}

TEST(DataPath, SourceRoutesAndDeadTtlsAreRefused) {
  Rig rig;
  rig.registers(1);
  EXPECT_EQ(rig.sends(wire::build(wire::TcpSegment{
                          .source = {kClient, 1}, .destination = {kVip, 80}, .ip = {.ttl = 0}}))
                .verdict,
            Verdict::drop);
  EXPECT_EQ(rig.count(Count::drop_ttl), 1u);
}

TEST(DataPath, GarbageIsDroppedAndCounted) {
  Rig rig;
  rig.registers(1);
  Rng rng(1);
  for (int i = 0; i < 2000; ++i) {
    std::vector<std::uint8_t> bytes(rng.below(100));
    for (std::uint8_t& byte : bytes) byte = static_cast<std::uint8_t>(rng.next());
    if (!bytes.empty()) bytes[0] = static_cast<std::uint8_t>(0x45 + rng.below(2) * 0x1b);
    rig.sends(bytes);
  }
  EXPECT_GT(rig.count(Count::drop_malformed), 1900u);
}

TEST(DataPath, ABurstDecidesAsPacketsOneByOne) {
  Rig one, many;
  for (unsigned i = 1; i <= 6; ++i) one.registers(i), many.registers(i);
  Rng rng(3);
  for (int round = 0; round < 40; ++round) {
    std::vector<Buffer> buffers;
    std::vector<Packet> packets;
    std::vector<Verdict> verdicts(kBurst), expected;
    std::vector<std::vector<std::uint8_t>> left;
    for (std::size_t i = 0; i < kBurst; ++i) {
      const auto flags = static_cast<std::uint8_t>(1 << rng.below(5));
      const auto bytes = wire::build(wire::TcpSegment{
          .source = {kClient, static_cast<std::uint16_t>(rng.below(100))},
          .destination = {kVip, static_cast<std::uint16_t>(rng.below(10) ? 80 : 81)},
          .flags = flags});
      buffers.emplace_back(bytes);
      const Sent sent = one.sends(bytes);
      expected.push_back(sent.verdict);
      left.push_back(sent.bytes);
    }
    for (Buffer& buffer : buffers) packets.push_back(buffer.packet());
    many.balancer.on_burst(many.now, packets, verdicts);
    EXPECT_EQ(verdicts, expected);
    for (std::size_t i = 0; i < kBurst; ++i)
      EXPECT_TRUE(std::ranges::equal(packets[i].bytes(), left[i]));
  }
  EXPECT_EQ(one.balancer.digest(), many.balancer.digest());
}

TEST(DataPath, ASynFloodDoesNotPushOutEstablishedFlows) {
  BalancerConfig c = config();
  c.flow_count_max = 1000;
  Rig rig(c, {.kind = "round_robin"});
  for (unsigned i = 1; i <= 7; ++i) rig.registers(i);
  std::map<std::uint16_t, Address> flows;
  for (std::uint16_t port = 1; port <= 500; ++port) {
    flows[port] = rig.syn(port).to;
    rig.ack(port);
  }
  for (std::uint32_t i = 0; i < 20000; ++i)
    rig.sends(wire::build(
        wire::TcpSegment{.source = {Address::v4(0x0b000000 + i), 1}, .destination = {kVip, 80}}));
  for (const auto& [port, to] : flows) EXPECT_EQ(rig.ack(port).to, to);
}

TEST(DataPath, TheMssOfASynIsClampedToTheTunnel) {
  BalancerConfig c = config();
  c.clamp_mss = true;
  Rig rig(c);
  rig.registers(1);
  const auto inner = inner_of(rig.syn(1), wire::Encapsulation::gue);
  wire::Datagram datagram;
  ASSERT_EQ(wire::parse(inner, datagram), wire::Malformed::none);
  EXPECT_EQ(wire::read_mss(inner, datagram), 1500 - 32 - 40);
}

TEST(DataPath, TheOuterSourcePortSpreadsFlows) {
  Rig rig;
  rig.registers(1);
  std::set<std::uint16_t> ports;
  for (std::uint16_t port = 1; port <= 200; ++port) {
    wire::Datagram outer;
    const Sent sent = rig.syn(port), again = rig.ack(port);
    ASSERT_EQ(wire::parse(sent.bytes, outer), wire::Malformed::none);
    ports.insert(outer.source_port);
    const std::uint16_t first = outer.source_port;
    ASSERT_EQ(wire::parse(again.bytes, outer), wire::Malformed::none);
    EXPECT_EQ(outer.source_port, first) << "a flow keeps its path";
  }
  EXPECT_GT(ports.size(), 190u);
}

}  // namespace
}  // namespace poise
