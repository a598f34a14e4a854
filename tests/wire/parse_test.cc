// What parse() reads from datagrams that are right.
#include <gtest/gtest.h>

#include "tests/wire/datagrams.h"
#include "tests/wire/surgery.h"

namespace poise::wire {
namespace {

Datagram parsed(const Bytes& bytes) {
  Datagram datagram;
  EXPECT_EQ(to_string(parse(bytes, datagram)), "none");
  return datagram;
}

TEST(Parse, ReadsATcpSegment) {
  for (const Family family : kFamilies) {
    const std::uint16_t ip = family == Family::v4 ? 20 : 40;
    const Datagram d = parsed(data(family));
    EXPECT_EQ(d.family, family);
    EXPECT_EQ(d.source, client(family).address);
    EXPECT_EQ(d.destination, vip(family).address);
    EXPECT_EQ(d.source_port, 4000);
    EXPECT_EQ(d.destination_port, 80);
    EXPECT_TRUE(d.is_tcp());
    EXPECT_EQ(d.tcp_flags, tcp_flag::kPsh | tcp_flag::kAck);
    EXPECT_EQ(d.transport_offset, ip);
    EXPECT_EQ(d.payload_offset, ip + 20);
    EXPECT_EQ(d.payload_size, kPayload.size());
    EXPECT_EQ(d.total_size, data(family).size());
    EXPECT_EQ(d.ttl, 64);
    EXPECT_TRUE(d.dont_fragment);
    EXPECT_FALSE(d.is_fragment || d.has_options || d.is_icmp_error);
  }
}

TEST(Parse, LeavesThePaddingOfALinkOut) {
  for (Bytes bytes : menagerie()) {
    const Datagram bare = parsed(bytes);
    bytes.insert(bytes.end(), 17, 0xee);
    const Datagram padded = parsed(bytes);
    EXPECT_EQ(padded.total_size, bytes.size() - 17);
    EXPECT_EQ(padded.payload_size, bare.payload_size);
  }
}

TEST(Parse, ReadsTosTtlAndIdentification) {
  const IpFields ip{.ttl = 3, .tos = 0xb9, .id = 0x1234, .dont_fragment = false};
  for (const Family family : kFamilies) {
    const Datagram d =
        parsed(build(UdpDatagram{.source = client(family), .destination = vip(family), .ip = ip}));
    EXPECT_EQ(d.tos, 0xb9);
    EXPECT_EQ(d.ttl, 3);
    EXPECT_EQ(d.fragment_id, family == Family::v4 ? 0x1234u : 0u);
    EXPECT_EQ(d.dont_fragment, family == Family::v6);
    EXPECT_EQ(d.payload_size, 0);
  }
}

TEST(Parse, TakesUdpsOwnLengthForThePayload) {
  Bytes bytes = udp(Family::v4);
  bytes.insert(bytes.end(), 5, 0);  // inside the datagram, behind UDP
  store16(bytes.data() + 2, static_cast<std::uint16_t>(bytes.size()));
  EXPECT_EQ(parsed(mended(bytes)).payload_size, kPayload.size());
}

TEST(Parse, FindsTheTransportBehindIpv4Options) {
  const Datagram d = parsed(with_options(data(Family::v4), {1, 7, 3, 0}));  // nop, record route
  EXPECT_TRUE(d.has_options);
  EXPECT_FALSE(d.has_source_route);
  EXPECT_EQ(d.transport_offset, 24);
  EXPECT_EQ(d.destination_port, 80);
}

TEST(Parse, SaysThatAnIpv4SourceRouteIsThere) {
  for (const std::uint8_t kind : {std::uint8_t{131}, std::uint8_t{137}}) {
    const Datagram d = parsed(with_options(data(Family::v4), {kind, 7, 4, 10, 0, 0, 1, 0}));
    EXPECT_TRUE(d.has_source_route);
  }
}

TEST(Parse, StopsReadingOptionsAtTheirEnd) {
  const Datagram d = parsed(with_options(data(Family::v4), {0, 131, 0, 0}));
  EXPECT_TRUE(d.has_options);
  EXPECT_FALSE(d.has_source_route);
}

TEST(Parse, WalksIpv6ExtensionHeadersToTheTransport) {
  // Hop-by-hop, destination options, authentication header (16 bytes).
  Bytes headers{protocol::kDestinationOptions, 0, 1, 4, 0, 0, 0, 0};
  headers.insert(headers.end(), {protocol::kAuthentication, 0, 1, 4, 0, 0, 0, 0});
  headers.insert(headers.end(), {protocol::kTcp, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0});
  const Datagram d = parsed(with_extensions(data(Family::v6), protocol::kHopByHop, headers));
  EXPECT_TRUE(d.is_tcp());
  EXPECT_TRUE(d.has_options);
  EXPECT_FALSE(d.has_source_route);
  EXPECT_EQ(d.transport_offset, 40 + 32);
  EXPECT_EQ(d.source_port, 4000);
}

TEST(Parse, SaysThatARoutingHeaderHasSegmentsLeft) {
  for (const std::uint8_t left : {std::uint8_t{0}, std::uint8_t{1}}) {
    const Bytes header{protocol::kTcp, 0, 4, left, 0, 0, 0, 0};
    const Datagram d = parsed(with_extensions(data(Family::v6), protocol::kRouting, header));
    EXPECT_EQ(d.has_source_route, left != 0);
  }
}

TEST(Parse, KnowsTheProtocolOfWhatItCannotRead) {
  for (const Family family : kFamilies) {
    Bytes bytes = data(family);
    bytes[family == Family::v4 ? 9 : 6] = 132;  // SCTP
    const Datagram d = parsed(family == Family::v4 ? mended(bytes) : bytes);
    EXPECT_EQ(d.protocol, 132);
    EXPECT_EQ(d.source_port, 0);
    EXPECT_EQ(d.payload_offset, d.transport_offset);
    EXPECT_EQ(d.payload_size, 20 + kPayload.size());
  }
}

TEST(Parse, TakesAnAtomicFragmentForAWholeDatagram) {
  const Bytes header{protocol::kTcp, 0, 0, 0, 0, 0, 0, 9};
  const Datagram d = parsed(with_extensions(data(Family::v6), protocol::kFragment, header));
  EXPECT_FALSE(d.is_fragment);
  EXPECT_EQ(d.fragment_id, 9u);
  EXPECT_EQ(d.destination_port, 80);
}

TEST(Parse, ReadsPortsFromTheFirstFragmentOnly) {
  for (const Family family : kFamilies) {
    const Bytes big = build(UdpDatagram{.source = client(family),
                                        .destination = vip(family),
                                        .payload = std::vector<std::uint8_t>(300)});
    const std::vector<Bytes> parts = fragment(big, 128, 77);
    ASSERT_GT(parts.size(), 2u);
    std::size_t offset = 0;
    for (std::size_t i = 0; i < parts.size(); ++i) {
      const Datagram d = parsed(parts[i]);
      EXPECT_TRUE(d.is_fragment);
      EXPECT_EQ(d.is_first_fragment(), i == 0);
      EXPECT_EQ(d.is_later_fragment(), i != 0);
      EXPECT_EQ(d.more_fragments, i + 1 != parts.size());
      EXPECT_EQ(d.fragment_id, 77u);
      EXPECT_EQ(d.fragment_offset, offset);
      EXPECT_EQ(d.source_port, i == 0 ? 4000 : 0);
      EXPECT_EQ(d.protocol, protocol::kUdp);
      offset += d.total_size - d.transport_offset;
    }
    EXPECT_EQ(offset, 308u);
  }
}

TEST(Parse, FragmentsCarryTheWholeDatagramInOrder) {
  for (const Family family : kFamilies) {
    const Bytes whole = data(family);
    const std::size_t ip = family == Family::v4 ? 20 : 40;
    Bytes joined(whole.begin(), whole.begin() + static_cast<long>(ip));
    for (const Bytes& part : fragment(whole, 72, 1)) {
      const Datagram d = parsed(part);
      joined.insert(joined.end(), part.begin() + d.transport_offset, part.end());
    }
    EXPECT_EQ(Bytes(joined.begin() + static_cast<long>(ip), joined.end()),
              Bytes(whole.begin() + static_cast<long>(ip), whole.end()));
  }
}

}  // namespace
}  // namespace poise::wire
