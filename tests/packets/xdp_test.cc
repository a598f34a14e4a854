// The laws of AF_XDP: what is taken, what is left to the kernel, and how things leave.
#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <poll.h>

#include <algorithm>
#include <array>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "model/wire/checksum.h"
#include "model/wire/datagram.h"
#include "realnet/host/interface.h"
#include "realnet/packets/xdp_filter.h"
#include "realnet/packets/xdp_ring.h"
#include "realnet/system/clock.h"
#include "tests/packets/own_network.h"

namespace poise::realnet {
namespace {

using Bytes = std::vector<std::uint8_t>;

// A cable: what is written to `far` arrives at `near`, whose kernel has 10.8.0.1 and fd08::1.
class Xdp : public testing::Test {
 protected:
  void SetUp() override {
    enter_own_network();
    run("ip link add near type veth peer name far;"
        "sysctl -qw net.ipv6.conf.far.disable_ipv6=1 net.ipv4.conf.near.rp_filter=0;"
        "ip addr add 10.8.0.1/24 dev near; ip addr add fd08::1/64 dev near nodad;"
        "ip link set near up; ip link set far up");
    near_ = interface_named("near");
    wire_ = Fd(checked(::socket(AF_PACKET, SOCK_RAW, htons(ETH_P_ALL)), "open a packet socket"));
    sockaddr_ll far{};
    far.sll_family = AF_PACKET;
    far.sll_protocol = htons(ETH_P_ALL);
    far.sll_ifindex = static_cast<int>(interface_named("far").index);
    checked(::bind(wire_.get(), reinterpret_cast<const sockaddr*>(&far), sizeof far), "bind far");
    const timeval wait{2, 0};
    ::setsockopt(wire_.get(), SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait);
  }

  // Takes UDP port 2000 of both addresses.
  void take() {
    ring_ = std::make_unique<XdpRing>(near_, 0);
    const std::array<XdpTarget, 2> targets{
        {{*Address::parse("10.8.0.1"), 17, 2000}, {*Address::parse("fd08::1"), 17, 2000}}};
    const std::array<XdpRing*, 1> rings{ring_.get()};
    filter_.emplace(near_, targets, rings);
    filter_->open();
  }

  void arrive(const Bytes& datagram) { arrive(datagram, near_.mac); }
  void arrive(const Bytes& datagram, const std::array<std::uint8_t, 6>& mac) {
    Bytes frame(mac.begin(), mac.end());
    frame.insert(frame.end(), {2, 0, 0, 0, 0, 9});
    const bool is_v4 = datagram[0] >> 4 == 4;
    frame.insert(frame.end(), {std::uint8_t(is_v4 ? 0x08 : 0x86), std::uint8_t(is_v4 ? 0 : 0xdd)});
    frame.insert(frame.end(), datagram.begin(), datagram.end());
    frame.resize(std::max<std::size_t>(frame.size(), 60));  // as a real link pads
    checked(static_cast<int>(::send(wire_.get(), frame.data(), frame.size(), 0)), "send a frame");
  }

  // What the ring gets within two seconds; nothing is waited for when `wait_ms` is 0.
  std::vector<Bytes> taken(std::size_t count, int wait_ms = 2000) {
    std::vector<Bytes> all;
    while (all.size() < count) {
      pollfd wait{ring_->fd(), POLLIN, 0};
      if (::poll(&wait, 1, wait_ms) <= 0) break;
      ring_->receive();
      for (Packet& packet : ring_->packets())
        all.emplace_back(packet.bytes().begin(), packet.bytes().end());
      ring_->settle();
    }
    return all;
  }

  // The next frame of IP that leaves over the cable.
  Bytes left() {
    for (;;) {
      Bytes frame(65536);
      const ssize_t size = ::recv(wire_.get(), frame.data(), frame.size(), 0);
      if (size < 0) return {};
      frame.resize(static_cast<std::size_t>(size));
      const bool is_ours = std::equal(near_.mac.begin(), near_.mac.end(), frame.begin() + 6);
      if (is_ours && frame[12] == 0x08 && frame[13] == 0x00) return frame;
    }
  }

  Interface near_;
  Fd wire_;
  std::unique_ptr<XdpRing> ring_;
  std::optional<XdpFilter> filter_;
};

void finish(Bytes& datagram) {
  if (datagram[0] >> 4 == 4) {
    datagram[10] = datagram[11] = 0;
    const std::uint16_t sum = wire::checksum(std::span(datagram).first((datagram[0] & 15u) * 4u));
    datagram[10] = static_cast<std::uint8_t>(sum >> 8);
    datagram[11] = static_cast<std::uint8_t>(sum);
  }
  wire::Datagram parsed;
  ASSERT_EQ(wire::parse(datagram, parsed), wire::Malformed::none);
  wire::write_transport_checksum(datagram, parsed);
}

// UDP from port 1000 of 10.8.0.9.
Bytes udp4(std::uint16_t port, const std::string& text) {
  const auto size = static_cast<std::uint8_t>(28 + text.size());
  const auto high = static_cast<std::uint8_t>(port >> 8), low = static_cast<std::uint8_t>(port);
  const auto inside = static_cast<std::uint8_t>(size - 20);
  Bytes bytes{0x45, 0, 0,  size, 0, 1, 0, 0,    64,   17,  0, 0,      10, 8,
              0,    9, 10, 8,    0, 1, 3, 0xe8, high, low, 0, inside, 0,  0};
  bytes.resize(size);
  std::ranges::copy(text, bytes.begin() + 28);
  finish(bytes);
  return bytes;
}

Bytes udp6(const std::string& text) {
  const auto size = static_cast<std::uint8_t>(8 + text.size());
  Bytes bytes{0x60, 0, 0, 0, 0, size, 17, 64};
  bytes.resize(48 + text.size());
  std::ranges::copy(Address::parse("fd08::9")->bytes(), bytes.begin() + 8);
  std::ranges::copy(Address::parse("fd08::1")->bytes(), bytes.begin() + 24);
  std::ranges::copy(Bytes{3, 0xe8, 0x07, 0xd0, 0, size, 0, 0}, bytes.begin() + 40);
  std::ranges::copy(text, bytes.begin() + 48);
  finish(bytes);
  return bytes;
}

Bytes text(const std::string& text) {
  return {text.begin(), text.end()};
}

TEST_F(Xdp, WhatIsTakenArrivesWholeAndWithoutPaddingAndTheKernelSeesNothingOfIt) {
  take();
  UdpSocket kernel("10.8.0.1", 2000), other("10.8.0.1", 2001);
  arrive(udp4(2000, "hello"));
  arrive(udp6("six"));
  EXPECT_EQ(taken(2), (std::vector<Bytes>{udp4(2000, "hello"), udp6("six")}));
  arrive(udp4(2001, "kernel's"));
  EXPECT_EQ(other.receive(), text("kernel's"));
  filter_.reset();
  arrive(udp4(2000, "later"));
  EXPECT_EQ(kernel.receive(), text("later"));
}

// A switch that does not know where a host is sends its frames to everybody.
TEST_F(Xdp, FramesForAnotherHostAreNotTaken) {
  take();
  for (std::size_t at = 0; at < near_.mac.size(); ++at) {
    std::array<std::uint8_t, 6> other = near_.mac;
    other[at] ^= 0x10;
    arrive(udp4(2000, "other's"), other);
    arrive(udp6("other's"), other);
  }
  UdpSocket kernel("10.8.0.1", 2000);
  arrive(udp4(2000, "all's"), {0xff, 0xff, 0xff, 0xff, 0xff, 0xff});
  EXPECT_EQ(kernel.receive(), text("all's")) << "as if nothing was there";
  arrive(udp4(2000, "mine"));
  EXPECT_EQ(taken(2, 200), (std::vector<Bytes>{udp4(2000, "mine")}));
}

TEST_F(Xdp, FragmentsAndOptionsStayWithTheKernel) {
  take();
  UdpSocket kernel("10.8.0.1", 2000);
  Bytes whole = udp4(2000, "0123456789abcdef"), first(whole.begin(), whole.begin() + 36);
  Bytes second(whole.begin(), whole.begin() + 20);
  second.insert(second.end(), whole.begin() + 36, whole.end());
  const auto cut = [](Bytes& part, std::uint8_t flags, std::uint8_t offset) {
    part[3] = static_cast<std::uint8_t>(part.size());
    part[6] = flags;
    part[7] = offset;
    part[10] = part[11] = 0;
    const std::uint16_t sum = wire::checksum(std::span(part).first(20));
    part[10] = static_cast<std::uint8_t>(sum >> 8);
    part[11] = static_cast<std::uint8_t>(sum);
  };
  cut(first, 0x20, 0);
  cut(second, 0, 2);
  arrive(first);
  arrive(second);
  EXPECT_EQ(kernel.receive(), text("0123456789abcdef"));
  Bytes options = udp4(2000, "options");
  options.insert(options.begin() + 20, {1, 1, 1, 0});
  options[0] = 0x46;
  options[3] = static_cast<std::uint8_t>(options.size());
  finish(options);
  arrive(options);
  EXPECT_EQ(kernel.receive(), text("options"));
  EXPECT_TRUE(taken(1, 0).empty());
}

TEST_F(Xdp, ASumThatADeviceShouldFinishIsFinished) {
  take();
  Bytes partial = udp4(2000, "hello");
  const std::uint16_t sum = wire::checksum_fold(
      wire::pseudo_header_sum(*Address::parse("10.8.0.9"), *Address::parse("10.8.0.1"), 17, 13));
  partial[26] = static_cast<std::uint8_t>(sum >> 8);
  partial[27] = static_cast<std::uint8_t>(sum);
  Bytes wrong = udp4(2000, "wrong");
  wrong[26] ^= 0x55;
  arrive(partial);
  arrive(wrong);
  EXPECT_EQ(taken(2), (std::vector<Bytes>{udp4(2000, "hello"), wrong}));
  EXPECT_EQ(ring_->counters().checksums_finished, 1u);
}

TEST_F(Xdp, WhatIsForwardedLeavesToTheNeighbourThatTheKernelKnows) {
  run("ip neigh replace 10.8.0.77 lladdr 02:00:00:00:00:77 dev near nud permanent;"
      "ip route add 10.7.0.0/24 via 10.8.0.77 dev near");
  take();
  arrive(udp4(2000, "forward"));
  pollfd wait{ring_->fd(), POLLIN, 0};
  ASSERT_EQ(::poll(&wait, 1, 2000), 1);
  ASSERT_EQ(ring_->receive(), 1u);
  ring_->packets()[0].bytes()[17] = 7;  // 10.7.0.1, behind the neighbour
  const Bytes expected(ring_->packets()[0].bytes().begin(), ring_->packets()[0].bytes().end());
  EXPECT_TRUE(ring_->forward(0, now()));
  ring_->settle();
  const Bytes frame = left();
  ASSERT_GE(frame.size(), 14 + expected.size());
  EXPECT_EQ(Bytes(frame.begin(), frame.begin() + 6), (Bytes{2, 0, 0, 0, 0, 0x77}));
  EXPECT_EQ(Bytes(frame.begin() + 14, frame.begin() + 14 + std::ptrdiff_t(expected.size())),
            expected);
}

TEST_F(Xdp, WhatHasNoNeighbourOrEndsHereMustLeaveInAnotherWay) {
  take();
  for (const std::uint8_t last :
       {std::uint8_t{1}, std::uint8_t{78}}) {  // this host's own; nobody's
    arrive(udp4(2000, "stays"));
    pollfd wait{ring_->fd(), POLLIN, 0};
    ASSERT_EQ(::poll(&wait, 1, 2000), 1);
    ASSERT_EQ(ring_->receive(), 1u);
    ring_->packets()[0].bytes()[19] = last;
    EXPECT_FALSE(ring_->forward(0, now()));
    ring_->settle();
  }
}

TEST_F(Xdp, FramesAreUsedAgainAndAgain) {
  run("ip neigh replace 10.8.0.77 lladdr 02:00:00:00:00:77 dev near nud permanent");
  take();
  std::size_t seen = 0;
  for (int round = 0; round < 200; ++round) {  // many times as many as there are frames
    for (int i = 0; i < 32; ++i) arrive(udp4(2000, "again"));
    for (std::size_t of_round = 0; of_round < 32;) {
      pollfd wait{ring_->fd(), POLLIN, 0};
      ASSERT_EQ(::poll(&wait, 1, 2000), 1) << "after " << seen;
      const std::size_t count = ring_->receive();
      for (std::size_t i = 0; i < count; i += 2) {
        ring_->packets()[i].bytes()[19] = 77;
        EXPECT_TRUE(ring_->forward(i, now()));
      }
      ring_->settle();
      of_round += count;
      seen += count;
    }
  }
  EXPECT_EQ(seen, 6400u);
  EXPECT_EQ(ring_->kernel().dropped, 0u);
  EXPECT_EQ(ring_->counters().unwilling, 0u);
}

TEST_F(Xdp, WhoIsGoneLeavesEverythingToTheKernel) {
  take();
  UdpSocket kernel("10.8.0.1", 2000);
  filter_.reset();
  ring_.reset();
  arrive(udp4(2000, "hello"));
  EXPECT_EQ(kernel.receive(), text("hello"));
  take();  // and somebody may come again
  arrive(udp4(2000, "again"));
  EXPECT_EQ(taken(1).size(), 1u);
}

TEST_F(Xdp, ASecondOneIsToldThatTheDeviceIsTaken) {
  take();
  try {
    const XdpRing second(near_, 0);
    FAIL() << "two rings on one queue";
  } catch (const SystemError& error) {
    EXPECT_STREQ(error.what(), "AF_XDP on near, queue 0: bind: Device or resource busy");
  }
}

}  // namespace
}  // namespace poise::realnet
