// The laws of which packets reach a queue, seen by the kernel's own counters of our rules.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <array>
#include <map>
#include <sstream>

#include "realnet/host/host_setup.h"
#include "realnet/host/rules.h"
#include "realnet/host/sysctl.h"
#include "tests/host/hosts.h"
#include "tests/host/wire.h"

namespace poise::realnet {
namespace {

// Bound to a port of the thread's host; gets what is sent to it within 5 seconds.
class Listener {
 public:
  explicit Listener(std::uint16_t port)
      : socket_(checked(::socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0), "open a socket")) {
    sockaddr_in6 any{};
    any.sin6_family = AF_INET6;
    any.sin6_port = htons(port);
    const timeval patience{.tv_sec = 5, .tv_usec = 0};
    checked(::setsockopt(socket_.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience),
            "patience");
    checked(::bind(socket_.get(), reinterpret_cast<const sockaddr*>(&any), sizeof any), "bind");
  }
  // The length of the next datagram; -1: none came.
  ssize_t next() const {
    std::array<char, 65536> buffer;
    return ::recv(socket_.get(), buffer.data(), buffer.size(), 0);
  }

 private:
  Fd socket_;
};

class RulesSee : public testing::TestWithParam<const char*> {
 protected:
  RulesSee() {
    connect({host_, "10.0.0.1/24 10.0.0.50/32 fd00::1/64 fd00::50/128"},
            {neighbour_, "10.0.0.2/24 fd00::2/64"});
    host_.enter();
  }
  static RulesConfig config(std::vector<Match> matches) {
    return {.name = "lb1",
            .program = GetParam(),
            .matches = std::move(matches),
            .when_deaf = WhenDeaf::pass};
  }
  // {condition: packets} of the rules that queue.
  std::map<std::string, int> seen(const std::string& family) {
    host_.enter();
    std::istringstream lines(
        command(family + std::string(GetParam()).substr(2) + "-save -c -t raw"));
    std::map<std::string, int> counted;
    const std::string chain = "-A POISE-lb1 ";
    for (std::string line; std::getline(lines, line);) {
      const auto at = line.find(chain), target = line.find(" -j NFQUEUE");
      if (line[0] != '[' || at == std::string::npos || target == std::string::npos) continue;
      const auto begin = at + chain.size();
      counted[line.substr(begin, target - begin)] = std::stoi(line.substr(1));
    }
    return counted;
  }

  Host neighbour_, host_;
};

TEST_P(RulesSee, AllFragmentsOfAVipsPortAndNothingOfOthers) {
  const Listener vip(80);
  Rules rules(config({Match::vip(address("10.0.0.50"), IPPROTO_UDP, 80),
                      Match::vip(address("fd00::50"), IPPROTO_UDP, 80)}));
  rules.install();
  neighbour_.enter();
  for (const char* to : {"10.0.0.1", "10.0.0.50", "fd00::1", "fd00::50"}) send_udp(to, 80, 4000);
  send_udp("10.0.0.50", 81, 100);
  send_udp("fd00::50", 81, 100);
  for (int datagram = 0; datagram < 4; ++datagram) EXPECT_EQ(vip.next(), 4000);
  auto v4 = seen("ip"), v6 = seen("ip6");
  EXPECT_EQ(v4["-d 10.0.0.50/32 -p udp -m udp --dport 80"], 1);
  EXPECT_EQ(v4["-d 10.0.0.50/32 -p udp -f"], 2) << "they were put together before our rules";
  EXPECT_EQ(v6["-d fd00::50/128 -p udp -m udp --dport 80"], 1);
  EXPECT_EQ(v6["-d fd00::50/128 -m frag"], 2);
}

TEST_P(RulesSee, IcmpErrorsTowardsAVipButNoEchoes) {
  const Listener marker(99);
  Rules rules(config({Match::vip(address("10.0.0.50"), IPPROTO_TCP, 80),
                      Match::vip(address("fd00::50"), IPPROTO_TCP, 80)}));
  rules.install();
  neighbour_.enter();
  for (const int type : {3, 4, 5, 8, 11, 12, 13}) send_icmp("10.0.0.50", type);
  for (const int type : {1, 2, 3, 4, 128, 129}) send_icmp("fd00::50", type);
  send_udp("10.0.0.1", 99, 1);
  send_udp("fd00::1", 99, 2);
  EXPECT_EQ(marker.next() + marker.next(), 3);
  auto v4 = seen("ip"), v6 = seen("ip6");
  for (const int type : {3, 11, 12})
    EXPECT_EQ(v4["-d 10.0.0.50/32 -p icmp -m icmp --icmp-type " + std::to_string(type)], 1);
  for (const int type : {1, 2, 3, 4})
    EXPECT_EQ(v6["-d fd00::50/128 -p ipv6-icmp -m icmp6 --icmpv6-type " + std::to_string(type)], 1);
  EXPECT_EQ(v4.size(), 5u) << "port, fragments, three errors";
  EXPECT_EQ(v6.size(), 6u);
}

TEST_P(RulesSee, PacketsOfAVipAreLostWhileNobodyListensUnlessToldToPass) {
  const Listener vip(80);
  RulesConfig closed = config({Match::vip(address("10.0.0.50"), IPPROTO_UDP, 80)});
  closed.when_deaf = WhenDeaf::drop;
  Rules rules(closed);
  rules.install();
  neighbour_.enter();
  send_udp("10.0.0.50", 80, 1);
  send_udp("10.0.0.1", 80, 2);
  EXPECT_EQ(vip.next(), 2);
  host_.enter();
  Rules(config(closed.matches)).install();
  neighbour_.enter();
  send_udp("10.0.0.50", 80, 3);
  EXPECT_EQ(vip.next(), 3);
}

INSTANTIATE_TEST_SUITE_P(Both, RulesSee, testing::Values("iptables-nft", "iptables-legacy"),
                         [](const auto& tested) { return std::string(tested.param + 9); });

constexpr const char* kRightV4 = "10.2.0.2";
constexpr const char* kRightV6 = "fd02::2";

class Between : public testing::Test {
 protected:
  Between() {
    connect({middle_, "10.1.0.1/24 fd01::1/64", "eth0"}, {left_, "10.1.0.2/24 fd01::2/64"});
    connect({middle_, "10.2.0.1/24 fd02::1/64", "eth1"}, {right_, "10.2.0.2/24 fd02::2/64"});
    left_.enter();
    command("ip route add default via 10.1.0.1");
    command("ip route add default via fd01::1");
    right_.enter();
    command("ip route add default via 10.2.0.1");
    command("ip route add default via fd02::1");
    middle_.enter();
  }
  void expect_arrives(const std::string& to, const Listener& right) {
    left_.enter();
    send_udp(to, 80, 7);
    middle_.enter();
    EXPECT_EQ(right.next(), 7) << to;
  }
  // One that surely arrives follows it.
  void expect_lost(const std::string& to, const Listener& right) {
    left_.enter();
    send_udp(to, 80, 7);
    middle_.enter();
    send_udp(to, 80, 1);
    EXPECT_EQ(right.next(), 1) << to;
  }

  Host left_, right_, middle_;
  Folder folder_;
};

TEST_F(Between, PacketsAreSentOnFromWhereTheSetupSaysSo) {
  right_.enter();
  const Listener right(80);
  middle_.enter();
  expect_lost(kRightV4, right);
  expect_lost(kRightV6, right);
  const std::string before = state_of_this_host();
  HostSetup setup(folder_.path(), "lb1");
  setup.apply({.sysctls = forward_from("eth0", Family::v4)});
  expect_arrives(kRightV4, right);
  setup.apply({.sysctls = forward_from("eth0", Family::v6)});
  expect_arrives(kRightV6, right);
  expect_lost(kRightV4, right);
  setup.undo();
  EXPECT_EQ(state_of_this_host(), before);
  expect_lost(kRightV6, right);
}

// As before Linux 6.17, where IPv6 has one switch for all.
TEST_F(Between, ASwitchForAllInterfacesIsPutBackForEach) {
  right_.enter();
  const Listener right(80);
  middle_.enter();
  for (const char* key : {"net/ipv6/conf/eth1/forwarding", "net/ipv4/conf/eth1/forwarding",
                          "net/ipv4/conf/default/forwarding"})
    write_sysctl(key, "1");
  const std::string before = state_of_this_host();
  HostSetup setup(folder_.path(), "lb1");
  for (const char* key : {"net/ipv6/conf/all/forwarding", "net/ipv4/ip_forward"}) {
    setup.apply({.sysctls = {{key, "1"}}});
    expect_arrives(key == std::string("net/ipv4/ip_forward") ? kRightV4 : kRightV6, right);
    setup.undo();
    EXPECT_EQ(state_of_this_host(), before) << key;
  }
}

TEST_F(Between, ALooseReversePathTakesPacketsOfForeignSources) {
  const Listener listener(80);
  write_sysctl("net/ipv4/conf/eth0/rp_filter", "1");
  // The left speaks as somebody whom the middle would answer through the right.
  left_.enter();
  command("ip addr add 10.2.0.9/32 dev lo");
  command("ip route add 10.1.0.1/32 dev eth0 src 10.2.0.9");
  send_udp("10.1.0.1", 80, 7);
  command("ip route del 10.1.0.1/32 dev eth0 src 10.2.0.9");
  send_udp("10.1.0.1", 80, 1);
  EXPECT_EQ(listener.next(), 1) << "strict: dropped";
  middle_.enter();
  HostSetup setup(folder_.path(), "web1");
  setup.apply({.sysctls = loose_reverse_path("eth0")});
  left_.enter();
  command("ip route add 10.1.0.1/32 dev eth0 src 10.2.0.9");
  send_udp("10.1.0.1", 80, 7);
  EXPECT_EQ(listener.next(), 7);
  middle_.enter();
}

TEST_F(Between, APacketWithThisHostsOwnSourceIsTakenWhereTheSetupSaysSo) {
  const Listener listener(80);
  left_.enter();
  command("ip addr add 10.2.0.1/32 dev lo");  // an address of the middle
  command("ip route add 10.1.0.1/32 dev eth0 src 10.2.0.1");
  const auto pretend = [&] {
    left_.enter();
    send_udp("10.1.0.1", 80, 7);
    command("ip route del 10.1.0.1/32 dev eth0 src 10.2.0.1");
    send_udp("10.1.0.1", 80, 1);
    command("ip route add 10.1.0.1/32 dev eth0 src 10.2.0.1");
    middle_.enter();
    return listener.next();
  };
  EXPECT_EQ(pretend(), 1) << "a martian";
  HostSetup setup(folder_.path(), "lb1");
  setup.apply({.sysctls = accept_own_source("eth0")});
  EXPECT_EQ(pretend(), 7);
  EXPECT_EQ(listener.next(), 1);
}

}  // namespace
}  // namespace poise::realnet
