// Tunnels: what goes in comes out, in every combination, and nothing else comes out.
#include "model/wire/encapsulation.h"

#include <gtest/gtest.h>

#include "model/wire/describe.h"
#include "model/wire/rewrite.h"
#include "tests/wire/surgery.h"

namespace poise::wire {
namespace {

struct Combination {
  Encapsulation encapsulation;
  Family outer, inner;
  std::string name() const {
    return std::string(to_string(encapsulation)) + ", outer " +
           std::to_string(static_cast<int>(outer)) + ", inner " +
           std::to_string(static_cast<int>(inner));
  }
};

std::vector<Combination> combinations() {
  std::vector<Combination> all;
  for (const Encapsulation encapsulation : kEncapsulations)
    for (const Family outer : kFamilies)
      for (const Family inner : kFamilies) all.push_back({encapsulation, outer, inner});
  return all;
}

Malformed stripped(Encapsulation encapsulation, const Bytes& bytes) {
  Lent lent(bytes);
  return decapsulate(encapsulation, lent.packet());
}

Bytes from_client(Family family, std::uint8_t tos) {
  return build(
      TcpSegment{.source = client(family), .destination = vip(family), .ip = {.tos = tos}});
}

TEST(Encapsulation, NamesReadBack) {
  for (const Encapsulation encapsulation : kEncapsulations)
    EXPECT_EQ(parse_encapsulation(to_string(encapsulation)), encapsulation);
  EXPECT_EQ(parse_encapsulation("vxlan"), std::nullopt);
}

TEST(Encapsulation, GivesBackTheSameBytes) {
  for (const Combination& c : combinations())
    for (const Bytes& inner : {syn(c.inner), data(c.inner), udp(c.inner), echo(c.inner)}) {
      Lent lent(encapsulated(c.encapsulation, c.outer, inner));
      EXPECT_EQ(to_string(decapsulate(c.encapsulation, lent.packet())), "none") << c.name();
      EXPECT_EQ(lent.bytes(), inner) << c.name();
    }
}

TEST(Encapsulation, AddsItsOverheadInFrontAndNothingElse) {
  for (const Combination& c : combinations()) {
    const Bytes inner = data(c.inner);
    const Bytes bytes = encapsulated(c.encapsulation, c.outer, inner);
    const std::size_t size = overhead(c.encapsulation, c.outer);
    ASSERT_EQ(bytes.size(), inner.size() + size) << c.name();
    EXPECT_TRUE(std::equal(inner.begin(), inner.end(), bytes.begin() + static_cast<long>(size)));
    EXPECT_LE(size, kHeadroom);
  }
}

TEST(Encapsulation, WritesAnOuterHeaderAsStated) {
  for (const Combination& c : combinations()) {
    const Bytes bytes = encapsulated(c.encapsulation, c.outer, from_client(c.inner, 0xba), 51234);
    Datagram d;
    ASSERT_EQ(parse(bytes, d), Malformed::none) << c.name();
    EXPECT_EQ(d.ttl, 64);
    EXPECT_EQ(d.tos, 0xba) << c.name();
    EXPECT_TRUE(d.dont_fragment);
    EXPECT_EQ(d.fragment_id, 0u);
    const bool is_udp =
        c.encapsulation == Encapsulation::gue || c.encapsulation == Encapsulation::caplance;
    EXPECT_EQ(d.is_udp(), is_udp);
    if (!is_udp) continue;
    EXPECT_EQ(d.source_port, 51234);
    EXPECT_EQ(d.destination_port, c.encapsulation == Encapsulation::gue ? kGuePort : kCaplancePort);
    EXPECT_EQ(bytes[d.transport_offset + 6u] | bytes[d.transport_offset + 7u], 0) << "UDP checksum";
  }
}

TEST(Encapsulation, FlowLabelsOverIpv6FollowTheEntropy) {
  for (const Encapsulation encapsulation : kEncapsulations) {
    const auto label = [&](std::uint16_t entropy) {
      const Bytes bytes = encapsulated(encapsulation, Family::v6, data(Family::v4), entropy);
      return load32(bytes.data()) & 0xfffffu;
    };
    EXPECT_EQ(label(50000), label(50000));
    EXPECT_NE(label(50000), label(50001));
  }
}

TEST(Encapsulation, IsStrippedByItsOwnKindOnly) {
  for (const Combination& c : combinations())
    for (const Encapsulation other : kEncapsulations)
      if (other != c.encapsulation) {
        EXPECT_EQ(stripped(other, encapsulated(c.encapsulation, c.outer, data(c.inner))),
                  Malformed::not_tunnel)
            << c.name() << " stripped as " << to_string(other);
      }
}

TEST(Encapsulation, PaddingOutsideAndInsideIsLeftBehind) {
  for (const Combination& c : combinations()) {
    const Bytes inner = data(c.inner);
    Bytes padded = inner;
    padded.insert(padded.end(), 3, 0);
    Bytes bytes = encapsulated(c.encapsulation, c.outer, padded);
    bytes.insert(bytes.end(), 5, 0xee);
    Lent lent(bytes);
    EXPECT_EQ(decapsulate(c.encapsulation, lent.packet()), Malformed::none) << c.name();
    EXPECT_EQ(lent.bytes(), inner) << c.name();
  }
}

TEST(Encapsulation, CongestionOutsideIsCarriedIn) {
  for (const Combination& c : combinations())
    for (const std::uint8_t capable : {std::uint8_t{1}, std::uint8_t{2}, std::uint8_t{3}}) {
      Lent lent(encapsulated(c.encapsulation, c.outer, from_client(c.inner, capable)));
      mark_congestion(lent.packet());
      ASSERT_EQ(decapsulate(c.encapsulation, lent.packet()), Malformed::none) << c.name();
      EXPECT_EQ(lent.bytes(), from_client(c.inner, 3)) << c.name();
    }
}

TEST(Encapsulation, CongestionThatTheInnerCannotCarryIsRefused) {
  for (const Combination& c : combinations()) {
    Lent lent(encapsulated(c.encapsulation, c.outer, from_client(c.inner, 0)));
    mark_congestion(lent.packet());
    EXPECT_EQ(decapsulate(c.encapsulation, lent.packet()), Malformed::tunnel_congestion);
  }
}

TEST(Encapsulation, FragmentsOfTunnelsAreRefused) {
  for (const Combination& c : combinations()) {
    const Bytes bytes = encapsulated(c.encapsulation, c.outer, data(c.inner));
    for (const Bytes& part : fragment(bytes, 72, 1))
      EXPECT_EQ(stripped(c.encapsulation, part), Malformed::tunnel_fragment) << c.name();
  }
}

TEST(Encapsulation, AUdpChecksumThatIsThereMustBeRight) {
  for (const Combination& c : combinations()) {
    Bytes bytes = encapsulated(c.encapsulation, c.outer, data(c.inner));
    Datagram d;
    ASSERT_EQ(parse(bytes, d), Malformed::none);
    if (!d.is_udp()) continue;
    write_transport_checksum(bytes, d);
    EXPECT_EQ(stripped(c.encapsulation, bytes), Malformed::none) << c.name();
    bytes.back() ^= 1;
    EXPECT_EQ(stripped(c.encapsulation, bytes), Malformed::tunnel_checksum) << c.name();
  }
}

TEST(Encapsulation, OtherVersionsAndFlagsOfGueAreRefused) {
  for (const std::size_t at : {std::size_t{28}, std::size_t{30}, std::size_t{31}})
    for (int bit = 0; bit < 8; ++bit) {
      Bytes bytes = encapsulated(Encapsulation::gue, Family::v4, data(Family::v4));
      bytes[at] = static_cast<std::uint8_t>(1 << bit);
      EXPECT_EQ(stripped(Encapsulation::gue, bytes), Malformed::tunnel_header);
    }
}

TEST(Encapsulation, OtherVersionsAndFlagsOfGreAreRefused) {
  for (int bit = 0; bit < 16; ++bit) {
    Bytes bytes = encapsulated(Encapsulation::gre, Family::v4, data(Family::v4));
    store16(bytes.data() + 20, static_cast<std::uint16_t>(1 << bit));
    EXPECT_EQ(stripped(Encapsulation::gre, bytes), Malformed::tunnel_header);
  }
}

TEST(Encapsulation, WhatIsInsideMustBeTheDatagramThatTheHeaderNames) {
  Bytes gue = encapsulated(Encapsulation::gue, Family::v4, data(Family::v4));
  gue[29] = protocol::kIpv6;
  EXPECT_EQ(stripped(Encapsulation::gue, gue), Malformed::tunnel_inner);
  Bytes gre = encapsulated(Encapsulation::gre, Family::v6, data(Family::v6));
  store16(gre.data() + 42, 0x0800);
  EXPECT_EQ(stripped(Encapsulation::gre, gre), Malformed::tunnel_inner);
  Bytes ipip = encapsulated(Encapsulation::ipip, Family::v4, data(Family::v4));
  store16(ipip.data() + 22, static_cast<std::uint16_t>(ipip.size() - 20 + 1));
  EXPECT_EQ(stripped(Encapsulation::ipip, ipip), Malformed::tunnel_inner);
}

TEST(Encapsulation, ACaplanceProbeIsNoDatagram) {
  const std::string text = "SANITY ABCDEFGHIJKLMNOP";
  const Bytes probe = build(
      UdpDatagram{.source = {address("10.0.9.1"), 50000},
                  .destination = {address("10.0.1.1"), kCaplancePort},
                  .payload = {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()}});
  EXPECT_EQ(stripped(Encapsulation::caplance, probe), Malformed::tunnel_inner);
  EXPECT_EQ(describe(probe), "IP 10.0.9.1.50000 > 10.0.1.1.1337: UDP, length 23");
}

TEST(Encapsulation, FitsSaysWhetherThereIsRoom) {
  Bytes memory(65535);
  const TunnelHeader header(Encapsulation::gue, address("10.0.9.1"), address("10.0.1.1"));
  EXPECT_TRUE(header.fits(Packet(memory, 32, 1000)));
  EXPECT_FALSE(header.fits(Packet(memory, 31, 1000)));
  EXPECT_TRUE(header.fits(Packet(memory, 32, 65503)));
  Bytes more(65536);
  EXPECT_FALSE(header.fits(Packet(more, 32, 65504)));
  EXPECT_FALSE(TunnelHeader().fits(Packet(memory, 64, 20)));
}

TEST(Encapsulation, NestedTunnelsAreDescribedToTheInside) {
  Bytes bytes = syn(Family::v4);
  bytes = encapsulated(Encapsulation::gre, Family::v4, bytes);
  bytes = encapsulated(Encapsulation::caplance, Family::v6, bytes);
  EXPECT_EQ(describe(bytes),
            "IP6 2001:db8:9::1.50000 > 2001:db8:1::1.1337: Caplance: IP 10.0.9.1 > 10.0.1.1: "
            "GREv0, length 48: IP 10.0.0.1.4000 > 10.255.0.1.80: Flags [S], seq 0, win 65535, "
            "options [mss 1460], length 0");
}

}  // namespace
}  // namespace poise::wire
