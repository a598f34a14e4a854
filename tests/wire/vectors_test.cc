// Bytes that another implementation built: scapy 2.5, with the expression beside each.
#include <gtest/gtest.h>

#include "model/wire/checksum.h"
#include "model/wire/describe.h"
#include "tests/wire/datagrams.h"

namespace poise::wire {
namespace {

const Endpoint kDns4{kVip4.address, 53}, kDns6{kVip6.address, 53};

std::span<const std::uint8_t> text(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

struct Vector {
  const char* scapy;
  const char* hex;
  const char* line;
  Bytes ours;
};

// In the expressions, A and B are 10.0.0.1 and 10.255.0.1.
std::vector<Vector> vectors_v4() {
  const Bytes syn4 = syn(Family::v4);
  return {
      {"IP(src=A,dst=B,flags='DF',id=0)/TCP(sport=4000,dport=80,flags='S',window=65535,"
       "options=[('MSS',1460)])",
       "4500002c00004000400625cc0a0000010aff00010fa0005000000000000000006002ffff73360000020405b4",
       "IP 10.0.0.1.4000 > 10.255.0.1.80: Flags [S], seq 0, win 65535, options [mss 1460], length "
       "0",
       syn4},
      {"IP(src=A,dst=B,flags='DF',id=0,tos=2)/TCP(sport=4000,dport=80,flags='PA',seq=1,ack=7,"
       "window=512)/b'hello'",
       "4502002d00004000400625c90a0000010aff00010fa0005000000001000000075018020044fd000068656c6c6f",
       "IP 10.0.0.1.4000 > 10.255.0.1.80: Flags [P.], seq 1:6, ack 7, win 512, length 5",
       build(TcpSegment{.source = kClient4,
                        .destination = kVip4,
                        .sequence = 1,
                        .acknowledgment = 7,
                        .flags = tcp_flag::kPsh | tcp_flag::kAck,
                        .window = 512,
                        .payload = text("hello"),
                        .ip = {.tos = 2}})},
      {"IP(src=A,dst=B,flags='DF',id=0,ttl=3)/UDP(sport=4000,dport=53)/b'query'",
       "4500002100004000031162cc0a0000010aff00010fa00035000d8b167175657279",
       "IP 10.0.0.1.4000 > 10.255.0.1.53: UDP, length 5",
       build(UdpDatagram{
           .source = kClient4, .destination = kDns4, .payload = text("query"), .ip = {.ttl = 3}})},
      {"IP(src=A,dst=B,flags='DF',id=0)/ICMP(type=8,id=1,seq=2)/b'ping'",
       "4500002000004000400125dd0a0000010aff00010800192c0001000270696e67",
       "IP 10.0.0.1 > 10.255.0.1: ICMP echo request, id 1, seq 2, length 12",
       build(IcmpEcho{.source = kClient4.address,
                      .destination = kVip4.address,
                      .id = 1,
                      .sequence = 2,
                      .payload = text("ping")})},
  };
}

// A6 and B6 are 2001:db8::1 and 2001:db8::2.
std::vector<Vector> vectors_v6() {
  const Bytes syn6 = build(TcpSegment{.source = kClient6, .destination = kVip6, .mss = 1440});
  return {
      {"IPv6(src=A6,dst=B6)/TCP(sport=4000,dport=80,flags='S',window=65535,options=[('MSS',1440)])",
       "600000000018064020010db800000000000000000000000120010db80000000000000000000000020fa00050000"
       "0"
       "0000000000006002ffff2cd60000020405a0",
       "IP6 2001:db8::1.4000 > 2001:db8::2.80: Flags [S], seq 0, win 65535, options [mss 1440], "
       "length 0",
       syn6},
      {"IPv6(src=A6,dst=B6,tc=0xb8)/UDP(sport=4000,dport=53)/b'query'",
       "6b800000000d114020010db800000000000000000000000120010db80000000000000000000000020fa00035000"
       "d"
       "44a27175657279",
       "IP6 2001:db8::1.4000 > 2001:db8::2.53: UDP, length 5",
       build(UdpDatagram{.source = kClient6,
                         .destination = kDns6,
                         .payload = text("query"),
                         .ip = {.tos = 0xb8}})},
      {"IPv6(src=A6,dst=B6)/ICMPv6EchoReply(id=1,seq=2,data=b'ping')",
       "60000000000c3a4020010db800000000000000000000000120010db800000000000000000000000281004470000"
       "100"
       "0270696e67",
       "IP6 2001:db8::1 > 2001:db8::2: ICMP6, echo reply, id 1, seq 2, length 12",
       build(IcmpEcho{.source = kClient6.address,
                      .destination = kVip6.address,
                      .is_reply = true,
                      .id = 1,
                      .sequence = 2,
                      .payload = text("ping")})},
  };
}

std::vector<Vector> vectors_of_tunnels() {
  const Bytes syn4 = syn(Family::v4);
  return {
      {"IP(src='10.0.9.1',dst='10.0.1.1',flags='DF',id=0)/syn",
       "450000400000400040041cb90a0009010a0001014500002c00004000400625cc0a0000010aff00010fa00050000"
       "0"
       "0000000000006002ffff73360000020405b4",
       "IP 10.0.9.1 > 10.0.1.1: IP 10.0.0.1.4000 > 10.255.0.1.80: Flags [S], seq 0, win 65535, "
       "options [mss 1460], length 0",
       encapsulated(Encapsulation::ipip, Family::v4, syn4)},
      {"IP(src='10.0.9.1',dst='10.0.1.1',flags='DF',id=0)/UDP(sport=50000,dport=6080,chksum=0)/"
       "(b'\\x00\\x04\\x00\\x00'+bytes(syn))",
       "4500004c0000400040111ca00a0009010a000101c35017c000380000000400004500002c00004000400625cc0a0"
       "0"
       "00010aff00010fa0005000000000000000006002ffff73360000020405b4",
       "IP 10.0.9.1.50000 > 10.0.1.1.6080: GUE: IP 10.0.0.1.4000 > 10.255.0.1.80: Flags [S], seq "
       "0, "
       "win 65535, options [mss 1460], length 0",
       encapsulated(Encapsulation::gue, Family::v4, syn4)},
  };
}

std::vector<Vector> vectors() {
  std::vector<Vector> all;
  for (auto& some : {vectors_v4(), vectors_v6(), vectors_of_tunnels()})
    all.insert(all.end(), some.begin(), some.end());
  return all;
}

TEST(Vectors, AreBuiltByteForByte) {
  for (const Vector& vector : vectors())
    EXPECT_EQ(vector.ours, from_hex(vector.hex)) << vector.scapy;
}

TEST(Vectors, AreDescribedInTcpdumpsNotation) {
  for (const Vector& vector : vectors())
    EXPECT_EQ(describe(from_hex(vector.hex)), vector.line) << vector.scapy;
}

TEST(Vectors, HaveRightChecksums) {
  for (const Vector& vector : vectors()) {
    const Bytes bytes = from_hex(vector.hex);
    Datagram datagram;
    ASSERT_EQ(parse(bytes, datagram), Malformed::none) << vector.scapy;
    EXPECT_TRUE(has_right_transport_checksum(bytes, datagram)) << vector.scapy;
  }
}

// IPv6(src=B6,dst=A6)/ICMPv6PacketTooBig(mtu=1448)/syn6 and
// IP(src=B,dst=A,flags='DF',id=0)/ICMP(type=3,code=4,nexthopmtu=1472)/syn
TEST(Vectors, IcmpErrorsAreBuiltByteForByte) {
  const Bytes four = syn(Family::v4);
  const Bytes six = build(TcpSegment{.source = kClient6, .destination = kVip6, .mss = 1440});
  const auto error = [](const Bytes& about, const Address& from, std::uint32_t mtu) {
    Datagram datagram;
    EXPECT_EQ(parse(about, datagram), Malformed::none);
    Bytes bytes(kIcmpErrorMax);
    bytes.resize(build_icmp_error(IcmpError::packet_too_big, about, datagram, from, mtu, bytes));
    return bytes;
  };
  EXPECT_EQ(error(four, kVip4.address, 1472),
            from_hex("4500004800004000400125b50aff00010a00000103040c5b000005c04500002c000040004006"
                     "25cc0a0000010aff00010fa0005000000000000000006002ffff73360000020405b4"));
  EXPECT_EQ(error(six, kVip6.address, 1448),
            from_hex("6000000000483a4020010db800000000000000000000000220010db800000000000000000000"
                     "000102003626000005a8600000000018064020010db800000000000000000000000120010db8"
                     "0000000000000000000000020fa0005000000000000000006002ffff2cd60000020405a0"));
}

// IPv6(src='2001:db8:9::1',dst='2001:db8:1::1',fl=0)/GRE(proto=0x86dd)/syn6: ours differs in the
// flow label alone, which carries the entropy.
TEST(Vectors, GreOverIpv6DiffersInTheFlowLabelAlone) {
  const Bytes syn6 = build(TcpSegment{.source = kClient6, .destination = kVip6, .mss = 1440});
  Bytes ours = encapsulated(Encapsulation::gre, Family::v6, syn6);
  EXPECT_NE((ours[1] & 0xf) | ours[2] | ours[3], 0);
  ours[1] = ours[2] = ours[3] = 0;
  EXPECT_EQ(ours,
            from_hex("6000000000442f4020010db800090000000000000000000120010db80001000000000000"
                     "00000001000086dd600000000018064020010db800000000000000000000000120010db8"
                     "0000000000000000000000020fa0005000000000000000006002ffff2cd60000020405a0"));
}

}  // namespace
}  // namespace poise::wire
