// Changes in place: the MSS, the TTL, ECN; checksums stay right and nothing else moves.
#include "model/wire/rewrite.h"

#include <gtest/gtest.h>

#include "model/wire/describe.h"
#include "tests/wire/surgery.h"

namespace poise::wire {
namespace {

Datagram parsed(const Bytes& bytes) {
  Datagram datagram;
  EXPECT_EQ(to_string(parse(bytes, datagram)), "none");
  return datagram;
}

// A segment with any options (a multiple of 4 bytes), and a right checksum.
Bytes with_tcp_options(Family family, std::uint8_t flags, const Bytes& options) {
  Bytes bytes =
      build(TcpSegment{.source = client(family), .destination = vip(family), .flags = flags});
  const std::size_t ip = family == Family::v4 ? 20 : 40;
  bytes.insert(bytes.end(), options.begin(), options.end());
  bytes[ip + 12] = static_cast<std::uint8_t>((20 + options.size()) / 4 << 4);
  if (family == Family::v4) {
    store16(bytes.data() + 2, static_cast<std::uint16_t>(bytes.size()));
    bytes = mended(bytes);
  } else {
    store16(bytes.data() + 4, static_cast<std::uint16_t>(bytes.size() - 40));
  }
  write_transport_checksum(bytes, parsed(bytes));
  return bytes;
}

TEST(ClampMss, LowersTheOptionOfASynAndMendsTheChecksum) {
  for (const Family family : kFamilies)
    for (const std::uint8_t flags :
         {tcp_flag::kSyn, static_cast<std::uint8_t>(tcp_flag::kSyn | tcp_flag::kAck)})
      // At an even and at an odd offset.
      for (const Bytes& options : {Bytes{2, 4, 5, 180}, Bytes{1, 2, 4, 5, 180, 1, 1, 0}}) {
        const Bytes bytes = with_tcp_options(family, flags, options);
        EXPECT_EQ(read_mss(bytes, parsed(bytes)), 1460);
        Lent lent(bytes);
        EXPECT_TRUE(clamp_mss(lent.packet(), parsed(bytes), 1400));
        Bytes wanted = options;
        const std::size_t at = options[0] == 2 ? 2 : 3;
        store16(wanted.data() + at, 1400);
        EXPECT_EQ(lent.bytes(), with_tcp_options(family, flags, wanted));
      }
}

TEST(ClampMss, NeverRaisesIt) {
  for (const std::uint16_t mss : {std::uint16_t{1460}, std::uint16_t{9000}}) {
    Lent lent(syn(Family::v4));
    EXPECT_FALSE(clamp_mss(lent.packet(), parsed(syn(Family::v4)), mss));
    EXPECT_EQ(lent.bytes(), syn(Family::v4));
  }
}

TEST(ClampMss, LeavesAllButSynsAlone) {
  for (const Family family : kFamilies)
    for (const Bytes& bytes : {data(family), udp(family), echo(family),
                               with_tcp_options(family, tcp_flag::kAck, {2, 4, 5, 180})}) {
      Lent lent(bytes);
      EXPECT_FALSE(clamp_mss(lent.packet(), parsed(bytes), 500));
      EXPECT_EQ(lent.bytes(), bytes);
    }
}

TEST(ClampMss, NonsenseAmongTheOptionsIsHarmless) {
  for (const Bytes& options : {Bytes{8, 0, 2, 4, 5, 180, 0, 0},   // length 0
                               Bytes{8, 1, 2, 4, 5, 180, 0, 0},   // length 1
                               Bytes{8, 60, 2, 4, 5, 180, 0, 0},  // beyond the header
                               Bytes{2, 3, 5, 180},               // an MSS of 3 bytes
                               Bytes{1, 1, 1, 2},                 // cut off behind the kind
                               Bytes{1, 1, 2, 4},                 // cut off before the value
                               Bytes{0, 2, 4, 5, 180, 0, 0, 0}})  // behind the end of the list
    for (const Family family : kFamilies) {
      const Bytes bytes = with_tcp_options(family, tcp_flag::kSyn, options);
      Lent lent(bytes);
      EXPECT_FALSE(clamp_mss(lent.packet(), parsed(bytes), 500)) << describe(bytes);
      EXPECT_EQ(lent.bytes(), bytes);
    }
}

TEST(ClampMss, ReadsTheOptionsThatOthersSend) {
  // Linux: mss 1460, sackOK, timestamps, nop, wscale 7.
  const Bytes options{2, 4, 5, 180, 4, 2, 8, 10, 0, 0, 0, 1, 0, 0, 0, 0, 1, 3, 3, 7};
  const Bytes bytes = with_tcp_options(Family::v4, tcp_flag::kSyn, options);
  EXPECT_EQ(describe(bytes),
            "IP 10.0.0.1.4000 > 10.255.0.1.80: Flags [S], seq 0, win 65535, options "
            "[mss 1460,sackOK,TS val 1 ecr 0,nop,wscale 7], length 0");
}

TEST(DecrementTtl, TakesOneOffAndMendsTheChecksum) {
  for (const Family family : kFamilies)
    for (int ttl = 255; ttl >= 1; --ttl) {
      const auto with_ttl = [&](int value) {
        return build(UdpDatagram{.source = client(family),
                                 .destination = vip(family),
                                 .ip = {.ttl = static_cast<std::uint8_t>(value)}});
      };
      Lent lent(with_ttl(ttl));
      decrement_ttl(lent.packet());
      ASSERT_EQ(lent.bytes(), with_ttl(ttl - 1));
    }
}

TEST(MarkCongestion, SetsBothBitsAndMendsTheChecksum) {
  for (const Family family : kFamilies)
    for (int tos = 0; tos < 256; ++tos) {
      const auto with_tos = [&](int value) {
        return build(UdpDatagram{.source = client(family),
                                 .destination = vip(family),
                                 .ip = {.tos = static_cast<std::uint8_t>(value)}});
      };
      Lent lent(with_tos(tos));
      mark_congestion(lent.packet());
      ASSERT_EQ(lent.bytes(), with_tos(tos | 3));
    }
}

// Even one with a wrong checksum: RFC 1624's update would turn 0xffff into 0.
TEST(MarkCongestion, LeavesAMarkedDatagramAlone) {
  Bytes bytes = build(UdpDatagram{.source = kClient4, .destination = kVip4, .ip = {.tos = 3}});
  bytes[10] = bytes[11] = 0xff;
  Lent lent(bytes);
  mark_congestion(lent.packet());
  EXPECT_EQ(lent.bytes(), bytes);
}

TEST(Build, RefusesWhatDoesNotFit) {
  const std::vector<std::uint8_t> large(65536);
  const std::span<const std::uint8_t> payload = large;
  for (const Family family : kFamilies) {
    const auto udp_of = [&](std::size_t size) {
      return build(UdpDatagram{
          .source = client(family), .destination = vip(family), .payload = payload.first(size)});
    };
    const std::size_t most = family == Family::v4 ? 65535 - 28 : 65535 - 8;
    EXPECT_EQ(udp_of(most).size(), most + (family == Family::v4 ? 28 : 48));
    EXPECT_TRUE(udp_of(most + 1).empty());
    Bytes small(30);
    EXPECT_EQ(build_into(small, UdpDatagram{.source = client(family),
                                            .destination = vip(family),
                                            .payload = payload.first(3)}),
              0u);
  }
}

}  // namespace
}  // namespace poise::wire
