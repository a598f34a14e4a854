// ICMP errors: whom they are about, when they may be sent, and how much they quote.
#include "model/wire/icmp.h"

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

Bytes answer(IcmpError error, const Bytes& about, std::uint32_t mtu = 1400) {
  const Datagram datagram = parsed(about);
  Bytes bytes(kIcmpErrorMax);
  bytes.resize(build_icmp_error(error, about, datagram, vip(datagram.family).address, mtu, bytes));
  return bytes;
}

TEST(IcmpError, IsReadAsBeingAboutWhatItQuotes) {
  for (const Family family : kFamilies)
    for (const Bytes& about : {syn(family), data(family), udp(family)}) {
      const Datagram d = parsed(too_big(family, about));
      ASSERT_TRUE(d.is_icmp_error);
      EXPECT_EQ(d.icmp_mtu, 1280u);
      EXPECT_EQ(d.quoted.source, client(family).address);
      EXPECT_EQ(d.quoted.destination, vip(family).address);
      EXPECT_TRUE(d.quoted.has_ports);
      EXPECT_EQ(d.quoted.source_port, 4000);
      EXPECT_EQ(d.quoted.destination_port, 80);
      EXPECT_EQ(d.quoted.protocol, parsed(about).protocol);
    }
}

TEST(IcmpError, NeedsNoMoreThanTheQuotedPorts) {
  for (const Family family : kFamilies) {
    const std::size_t ip = family == Family::v4 ? 20 : 40;
    const Bytes whole = too_big(family, data(family));
    for (std::size_t size = ip + 8; size <= whole.size(); ++size) {
      Bytes cut(whole.begin(), whole.begin() + static_cast<long>(size));
      if (family == Family::v4) {
        store16(cut.data() + 2, static_cast<std::uint16_t>(size));
        cut = mended(cut);
      } else {
        store16(cut.data() + 4, static_cast<std::uint16_t>(size - 40));
      }
      Datagram datagram;
      const bool has_ports = size >= ip + 8 + ip + 4;
      EXPECT_EQ(parse(cut, datagram), has_ports ? Malformed::none : Malformed::quoted) << size;
    }
  }
}

TEST(IcmpError, AboutALaterFragmentHasNoPorts) {
  for (const Family family : kFamilies) {
    const Bytes big = build(UdpDatagram{.source = client(family),
                                        .destination = vip(family),
                                        .payload = std::vector<std::uint8_t>(200)});
    const Bytes later = fragment(big, 120, 7).at(1);
    // By hand: none may be built about a later fragment, but others do send them.
    Bytes bytes = too_big(family, Bytes(big.begin(), big.end()));
    const std::size_t quote = family == Family::v4 ? 28 : 48;
    std::copy(later.begin(), later.end(), bytes.begin() + static_cast<long>(quote));
    const Datagram d = parsed(bytes);
    EXPECT_TRUE(d.is_icmp_error);
    EXPECT_FALSE(d.quoted.has_ports);
    EXPECT_EQ(d.quoted.source_port, 0);
    EXPECT_EQ(d.quoted.protocol, protocol::kUdp);
  }
}

TEST(IcmpError, EchoIsNoError) {
  for (const Family family : kFamilies) {
    const Datagram d = parsed(echo(family));
    EXPECT_FALSE(d.is_icmp_error);
    EXPECT_EQ(d.icmp_type, family == Family::v4 ? 8 : 128);
    EXPECT_EQ(d.source_port, 0);
  }
}

TEST(IcmpError, QuotesWithinTheLimitOfItsFamily) {
  for (const Family family : kFamilies) {
    const Bytes big = build(UdpDatagram{.source = client(family),
                                        .destination = vip(family),
                                        .payload = std::vector<std::uint8_t>(1400)});
    const Bytes error = answer(IcmpError::packet_too_big, big);
    EXPECT_EQ(error.size(), family == Family::v4 ? 576u : 1280u);
    const std::size_t quote = family == Family::v4 ? 28 : 48;
    EXPECT_TRUE(std::equal(error.begin() + static_cast<long>(quote), error.end(), big.begin()));
    const Bytes small = answer(IcmpError::packet_too_big, data(family));
    EXPECT_EQ(small.size(), quote + data(family).size());
  }
}

TEST(IcmpError, ReadsAsTcpdumpWouldShowIt) {
  const auto line = [](IcmpError error, const Bytes& about) {
    return describe(answer(error, about));
  };
  EXPECT_EQ(line(IcmpError::packet_too_big, data(Family::v4)),
            "IP 10.255.0.1 > 10.0.0.1: ICMP 10.255.0.1 unreachable - need to frag (mtu 1400), "
            "length 61");
  EXPECT_EQ(line(IcmpError::time_exceeded, data(Family::v4)),
            "IP 10.255.0.1 > 10.0.0.1: ICMP time exceeded in-transit, length 61");
  EXPECT_EQ(line(IcmpError::port_unreachable, udp(Family::v4)),
            "IP 10.255.0.1 > 10.0.0.1: ICMP 10.255.0.1 udp port 80 unreachable, length 49");
  EXPECT_EQ(line(IcmpError::packet_too_big, data(Family::v6)),
            "IP6 2001:db8::2 > 2001:db8::1: ICMP6, packet too big, mtu 1400, length 81");
  EXPECT_EQ(line(IcmpError::time_exceeded, data(Family::v6)),
            "IP6 2001:db8::2 > 2001:db8::1: ICMP6, time exceeded in-transit for 2001:db8::2, "
            "length 81");
  EXPECT_EQ(line(IcmpError::port_unreachable, udp(Family::v6)),
            "IP6 2001:db8::2 > 2001:db8::1: ICMP6, destination unreachable, unreachable port, "
            "2001:db8::2 udp port 80, length 69");
}

TEST(IcmpError, IsNeverSentAboutAnIcmpError) {
  for (const Family family : kFamilies)
    EXPECT_TRUE(answer(IcmpError::packet_too_big, too_big(family, data(family))).empty());
}

TEST(IcmpError, IsNeverSentAboutALaterFragment) {
  for (const Family family : kFamilies) {
    const Bytes big = build(UdpDatagram{.source = client(family),
                                        .destination = vip(family),
                                        .payload = std::vector<std::uint8_t>(200)});
    const std::vector<Bytes> parts = fragment(big, 120, 7);
    EXPECT_FALSE(answer(IcmpError::packet_too_big, parts[0]).empty());
    EXPECT_TRUE(answer(IcmpError::packet_too_big, parts[1]).empty());
  }
}

TEST(IcmpError, IsNeverSentToWhatIsNoSingleHost) {
  for (const char* source :
       {"0.0.0.0", "127.0.0.1", "224.0.0.1", "255.255.255.255", "::", "::1", "ff02::1"}) {
    const Address from = address(source);
    const Bytes bytes = build(UdpDatagram{.source = {from, 1}, .destination = vip(from.family())});
    EXPECT_TRUE(answer(IcmpError::packet_too_big, bytes).empty()) << source;
  }
}

TEST(IcmpError, IsNotSquashedIntoTooLittleMemory) {
  for (const Family family : kFamilies) {
    const Bytes about = data(family);
    const Datagram datagram = parsed(about);
    const std::size_t ip = family == Family::v4 ? 20 : 40;
    for (std::size_t size = 0; size < 200; ++size) {
      Bytes memory(size);
      const std::size_t built = build_icmp_error(IcmpError::packet_too_big, about, datagram,
                                                 vip(family).address, 1400, memory);
      EXPECT_EQ(built != 0, size >= ip + 8 + ip + 8) << size;
      EXPECT_LE(built, size);
    }
  }
}

TEST(IcmpError, ClaimsNoLargerMtuThanItsFieldHolds) {
  EXPECT_EQ(parsed(answer(IcmpError::packet_too_big, data(Family::v4), 100000)).icmp_mtu, 65535u);
  EXPECT_EQ(parsed(answer(IcmpError::packet_too_big, data(Family::v6), 100000)).icmp_mtu, 100000u);
}

TEST(EchoReply, IsTheRequestTurnedRound) {
  for (const Family family : kFamilies) {
    Lent lent(echo(family));
    ASSERT_TRUE(make_echo_reply(lent.packet(), parsed(echo(family))));
    EXPECT_EQ(lent.bytes(), build(IcmpEcho{.source = vip(family).address,
                                           .destination = client(family).address,
                                           .is_reply = true,
                                           .id = 1,
                                           .sequence = 2,
                                           .payload = kPayload}));
  }
}

TEST(EchoReply, IsMadeOfNothingElse) {
  for (const Family family : kFamilies)
    for (const Bytes& bytes : {data(family), udp(family), too_big(family, data(family))}) {
      Lent lent(bytes);
      EXPECT_FALSE(make_echo_reply(lent.packet(), parsed(bytes)));
      EXPECT_EQ(lent.bytes(), bytes);
    }
}

}  // namespace
}  // namespace poise::wire
