// The laws of a VIP as its neighbours see it: who has it now, and who does not answer for it.
#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/if_ether.h>
#include <sys/socket.h>

#include "realnet/host/announce.h"
#include "realnet/host/host_setup.h"
#include "realnet/host/sysctl.h"
#include "realnet/host/vip_address.h"
#include "tests/host/hosts.h"
#include "tests/host/wire.h"

namespace poise::realnet {
namespace {

using testing::HasSubstr;

class Neighbour : public testing::Test {
 protected:
  Neighbour() {
    connect({host_, "10.0.0.1/24 fd00::1/64"}, {neighbour_, "10.0.0.2/24 fd00::2/64"});
    host_.enter();
  }
  // Somebody else had the VIP until now.
  void believes(const std::string& vip) {
    neighbour_.enter();
    command("ip neigh replace " + vip + " lladdr 02:00:00:00:00:99 nud reachable dev eth0");
    host_.enter();
  }
  std::string knows(const std::string& vip) {
    neighbour_.enter();
    const std::string entry = command("ip neigh show " + vip + " dev eth0");
    host_.enter();
    return entry;
  }
  static std::string mac() {
    std::string text;
    for (const std::uint8_t byte : interface_named("eth0").mac)
      text += std::string(text.empty() ? "" : ":") + "0123456789abcdef"[byte >> 4] +
              "0123456789abcdef"[byte & 15];
    return text;
  }
  Ear ear_of_the_neighbour(std::uint16_t type) {
    neighbour_.enter();
    Ear ear("eth0", type);
    host_.enter();
    return ear;
  }

  Host neighbour_, host_;
  Folder folder_;
};

TEST_F(Neighbour, HearsAnArpRequestAndAReplyAsOftenAsIsAsked) {
  believes("10.0.0.50");
  const Ear ear = ear_of_the_neighbour(ETH_P_ARP);
  const Interface eth0 = interface_named("eth0");
  HostSetup setup(folder_.path(), "lb1");
  setup.apply({.vips = {{address("10.0.0.50")}},
               .announcements = {.count = 3, .interval = std::chrono::milliseconds(1)}});
  for (int round = 0; round < 3; ++round) {
    const Arp request = Arp::parse(ear.next()), reply = Arp::parse(ear.next());
    EXPECT_EQ(request.operation, 1);
    EXPECT_EQ(reply.operation, 2);
    for (const Arp& arp : {request, reply}) {
      EXPECT_EQ(arp.sender, address("10.0.0.50"));
      EXPECT_EQ(arp.target, address("10.0.0.50"));
      EXPECT_EQ(arp.sender_mac, eth0.mac);
    }
    EXPECT_EQ(reply.target_mac, eth0.mac);
  }
  EXPECT_THAT(knows("10.0.0.50"), HasSubstr(mac()));
}

// An address that stood there before us may still be looked for on the link.
TEST_F(Neighbour, AnAddressThatCannotBeAnnouncedYetIsARemark) {
  command("sysctl -qw net.ipv6.conf.eth0.dad_transmits=30");
  command("ip addr add fd00::50/128 dev eth0");
  std::vector<std::string> remarks;
  HostSetup setup(folder_.path(), "lb1", [&](HostSetup::Kind kind, const std::string& text) {
    if (kind == HostSetup::Kind::remark) remarks.push_back(text);
  });
  setup.apply({.vips = {{address("fd00::50")}}});
  EXPECT_TRUE(setup.is_in_place());
  EXPECT_THAT(remarks, testing::ElementsAre(HasSubstr("fd00::50")));
}

TEST_F(Neighbour, HearsAnAdvertisementThatOverridesWhatItKnew) {
  believes("fd00::50");
  const Ear ear = ear_of_the_neighbour(ETH_P_IPV6);
  HostSetup setup(folder_.path(), "lb1");
  setup.apply({.vips = {{address("fd00::50")}},
               .announcements = {.count = 2, .interval = std::chrono::milliseconds(1)}});
  for (int round = 0; round < 2; ++round) {
    Bytes packet;
    do {
      packet = ear.next();  // the kernel speaks too, of its multicast groups
    } while (packet.size() > 40 && packet[40] != 136);
    ASSERT_EQ(packet.size(), 40u + 32u);
    EXPECT_EQ(packet[6], 58) << "ICMPv6";
    EXPECT_EQ(packet[7], 255) << "hop limit";
    EXPECT_EQ(packet[44], 0x20) << "override, not solicited, no router";
    EXPECT_TRUE(
        std::equal(packet.begin() + 48, packet.begin() + 64, address("fd00::50").bytes().begin()));
  }
  EXPECT_THAT(knows("fd00::50"), HasSubstr(mac()));
}

TEST_F(Neighbour, AnAdvertisementSaysThatARouterIsOne) {
  const Ear ear = ear_of_the_neighbour(ETH_P_IPV6);
  write_sysctl("net/ipv6/conf/eth0/forwarding", "1");
  VipAddress vip(address("fd00::50"));
  vip.attach();
  Announcer(vip.address(), vip.interface()).announce();
  Bytes packet;
  do {
    packet = ear.next();
  } while (packet.size() > 40 && packet[40] != 136);
  ASSERT_GT(packet.size(), 44u);
  EXPECT_EQ(packet[44], 0xa0);
}

TEST_F(Neighbour, GetsNoAnswerForAVipOnLoOfAQuietBackend) {
  command("ip addr add 10.0.0.50/32 dev lo");
  const Ear ear = ear_of_the_neighbour(ETH_P_ARP);
  const auto ask = [&](const char* target) {
    ear.shout(Arp{.operation = 1,
                  .sender_mac = {2, 0, 0, 0, 0, 2},
                  .sender = address("10.0.0.2"),
                  .target = address(target)}
                  .bytes());
  };
  ask("10.0.0.50");
  EXPECT_EQ(Arp::parse(ear.next()).sender, address("10.0.0.50")) << "the kernel answers for lo";

  HostSetup setup(folder_.path(), "web1");
  setup.apply({.sysctls = quiet_arp("eth0")});
  ask("10.0.0.50");
  ask("10.0.0.1");
  EXPECT_EQ(Arp::parse(ear.next()).sender, address("10.0.0.1")) << "its own address alone";
  setup.undo();
  ask("10.0.0.50");
  EXPECT_EQ(Arp::parse(ear.next()).sender, address("10.0.0.50"));
}

TEST_F(Neighbour, IsAskedFromTheHostsOwnAddressNotFromTheVip) {
  command("ip addr add 10.0.0.50/32 dev lo");
  const Ear ear = ear_of_the_neighbour(ETH_P_ARP);
  const auto speak_from_the_vip = [&](const char* to) {
    const Fd socket(checked(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), "socket"));
    sockaddr_in from{}, target{};
    from.sin_family = target.sin_family = AF_INET;
    target.sin_port = 9;
    ::inet_pton(AF_INET, "10.0.0.50", &from.sin_addr);
    ::inet_pton(AF_INET, to, &target.sin_addr);
    checked(::bind(socket.get(), reinterpret_cast<sockaddr*>(&from), sizeof from), "bind");
    checked(static_cast<int>(::sendto(socket.get(), "x", 1, 0, reinterpret_cast<sockaddr*>(&target),
                                      sizeof target)),
            "sendto");
  };
  speak_from_the_vip("10.0.0.7");
  EXPECT_EQ(Arp::parse(ear.next()).sender, address("10.0.0.50"));
  command("ip neigh flush dev eth0");
  HostSetup setup(folder_.path(), "web1");
  setup.apply({.sysctls = quiet_arp("eth0")});
  speak_from_the_vip("10.0.0.8");
  Arp asked;
  do {
    asked = Arp::parse(ear.next());
  } while (asked.target == address("10.0.0.7"));  // it may be asked for again
  EXPECT_EQ(asked.sender, address("10.0.0.1"));
}

}  // namespace
}  // namespace poise::realnet
