// The laws of a host's setup: all or nothing, back to what was, by this life or the next.
#include "realnet/host/host_setup.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/rtnetlink.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>

#include "tests/host/hosts.h"

namespace poise::realnet {
namespace {

using testing::HasSubstr;

// What a balancer and a backend on one host would ask for together: something of every kind.
HostPlan everything() {
  HostPlan plan;
  for (const auto& settings :
       {quiet_arp("eth0"), loose_reverse_path("eth0"), accept_own_source("eth0"),
        forward_from("eth0", Family::v4), forward_from("eth0", Family::v6)})
    plan.sysctls.insert(plan.sysctls.end(), settings.begin(), settings.end());
  plan.sysctls.push_back({"net/ipv6/conf/all/forwarding", "1"});
  plan.rules = {{.matches = {Match::vip(address("10.0.0.50"), IPPROTO_TCP, 80),
                             Match::vip(address("fd00::50"))}},
                {.part = "out",
                 .program = "iptables-legacy",
                 .hook = RulesHook::output,
                 .matches = {Match::syn_ack_from(address("10.0.0.50"))}}};
  plan.vips = {{address("10.0.0.50")}, {address("fd00::50")}, {address("192.0.2.1"), "lo"}};
  plan.announcements.count = 1;
  return plan;
}

// One of every kind: what the tests that die at each of its steps apply.
HostPlan one_of_each() {
  HostPlan plan = everything();
  plan.sysctls = {{"net/ipv4/conf/all/arp_ignore", "1"}, {"net/ipv6/conf/all/forwarding", "1"}};
  plan.vips.pop_back();
  return plan;
}

class HostSetupTest : public testing::Test {
 protected:
  HostSetupTest() {
    connect({host_, "10.0.0.1/24 fd00::1/64"}, {neighbour_, "10.0.0.2/24 fd00::2/64"});
    host_.enter();
    // Others' rules and settings, which must not change.
    command("iptables -t raw -A PREROUTING -s 203.0.113.1 -j DROP");
    write_sysctl("net/ipv4/conf/eth0/arp_announce", "1");
    write_sysctl("net/ipv6/conf/lo/forwarding", "1");
    before_ = state_of_this_host();
  }

  Host neighbour_, host_;
  Folder folder_;
  std::string before_;
};

TEST_F(HostSetupTest, AppliesAPlanAndPutsEverythingBack) {
  {
    HostSetup setup(folder_.path(), "lb1");
    setup.apply(everything());
    EXPECT_TRUE(setup.is_in_place());
    EXPECT_EQ(read_sysctl("net/ipv4/conf/all/arp_ignore"), "1");
    EXPECT_EQ(read_sysctl("net/ipv4/conf/eth0/arp_announce"), "2");
    EXPECT_EQ(read_sysctl("net/ipv6/conf/eth0/forwarding"), "1");
    EXPECT_THAT(command("ip -brief addr show dev eth0"), HasSubstr("10.0.0.50/32"));
    EXPECT_THAT(command("ip -brief addr show dev eth0"), HasSubstr("fd00::50/128"));
    EXPECT_THAT(command("ip -brief addr show dev lo"), HasSubstr("192.0.2.1/32"));
    EXPECT_THAT(command("iptables -t raw -S PREROUTING"), HasSubstr("-j POISE-lb1\n"));
    setup.undo();
    EXPECT_EQ(state_of_this_host(), before_);
  }
  EXPECT_TRUE(std::filesystem::is_empty(folder_.path()));
}

TEST_F(HostSetupTest, ASecondApplyChangesNothing) {
  HostSetup setup(folder_.path(), "lb1");
  setup.apply(everything());
  const std::string once = state_of_this_host();
  setup.apply(everything());
  EXPECT_EQ(state_of_this_host(), once);
  setup.undo();
  EXPECT_EQ(state_of_this_host(), before_);
}

TEST_F(HostSetupTest, AnotherPlanTakesTheFirstOnesPlace) {
  HostSetup setup(folder_.path(), "lb1");
  setup.apply(everything());
  setup.apply({.vips = {{address("10.0.0.51")}}});
  EXPECT_THAT(command("ip -brief addr show dev eth0"), HasSubstr("10.0.0.51/32"));
  command("ip addr del 10.0.0.51/32 dev eth0");
  EXPECT_FALSE(setup.is_in_place());
  EXPECT_EQ(state_of_this_host(), before_);
}

TEST_F(HostSetupTest, WhatSomebodyTookAwayIsMended) {
  HostSetup setup(folder_.path(), "lb1");
  setup.apply(everything());
  const std::string whole = state_of_this_host();
  EXPECT_FALSE(setup.mend());
  command("ip addr del 10.0.0.50/32 dev eth0");
  command("iptables -t raw -D PREROUTING -j POISE-lb1");
  EXPECT_FALSE(setup.is_in_place());
  EXPECT_TRUE(setup.mend());
  EXPECT_TRUE(setup.is_in_place());
  EXPECT_EQ(state_of_this_host(), whole);
  setup.undo();
  EXPECT_FALSE(setup.mend()) << "nothing is wanted any more";
  EXPECT_EQ(state_of_this_host(), before_);
}

TEST_F(HostSetupTest, AMendDoesWhatItCanAndIsTriedAgain) {
  command("ip link add eth7 type veth peer name eth8");
  HostSetup setup(folder_.path(), "lb1");
  setup.apply({.vips = {{address("10.0.0.50")}, {address("10.0.0.51"), "eth7"}}});
  command("ip link del eth7");
  command("ip addr del 10.0.0.50/32 dev eth0");
  EXPECT_THROW(setup.mend(), SystemError);
  EXPECT_FALSE(setup.is_in_place());
  EXPECT_THAT(command("ip -brief addr show dev eth0"), HasSubstr("10.0.0.50/32"));
  command("ip link add eth7 type veth peer name eth8");
  EXPECT_TRUE(setup.mend());
  EXPECT_TRUE(setup.is_in_place());
  EXPECT_THAT(command("ip -brief addr show dev eth7"), HasSubstr("10.0.0.51/32"));
  setup.undo();
  command("ip link del eth7");
  EXPECT_EQ(state_of_this_host(), before_);
}

TEST_F(HostSetupTest, ARollbackFollowsAFailureHalfWay) {
  HostSetup setup(folder_.path(), "lb1");
  HostPlan plan = everything();
  plan.rules.push_back({.part = "bad",
                        .program = "iptables-that-is-not-there",
                        .matches = {Match::vip(address("10.0.0.50"))}});
  EXPECT_THAT(refusal([&] { setup.apply(plan); }),
              HasSubstr("start iptables-that-is-not-there-save: No such file or directory"));
  EXPECT_EQ(state_of_this_host(), before_);
  EXPECT_FALSE(std::filesystem::exists(HostJournal::file(folder_.path(), "lb1")));
}

TEST_F(HostSetupTest, WhatStoodBeforeIsTakenOverAndStays) {
  command("ip addr add 10.0.0.50/32 dev eth0");
  write_sysctl("net/ipv4/conf/all/arp_ignore", "2");
  const std::string before = state_of_this_host();
  HostSetup setup(folder_.path(), "lb1");
  setup.apply(everything());
  EXPECT_EQ(read_sysctl("net/ipv4/conf/all/arp_ignore"), "2") << "2 is stricter than 1";
  setup.undo();
  EXPECT_EQ(state_of_this_host(), before);
}

TEST_F(HostSetupTest, WhatSomebodyChangedMeanwhileIsTheirsAndTheOperatorIsTold) {
  std::vector<std::string> remarks;
  HostSetup setup(folder_.path(), "lb1", [&](HostSetup::Kind kind, const std::string& text) {
    if (kind == HostSetup::Kind::remark) remarks.push_back(text);
  });
  setup.apply(everything());
  write_sysctl("net/ipv4/conf/all/arp_ignore", "3");
  command("ip addr del 10.0.0.50/32 dev eth0");
  command("iptables -t raw -F POISE-lb1");
  setup.undo();
  EXPECT_EQ(read_sysctl("net/ipv4/conf/all/arp_ignore"), "3");
  EXPECT_EQ(remarks, std::vector<std::string>{"sysctl net/ipv4/conf/all/arp_ignore: left alone: "
                                              "somebody made it 3"});
  write_sysctl("net/ipv4/conf/all/arp_ignore", "0");
  EXPECT_EQ(state_of_this_host(), before_);
}

TEST_F(HostSetupTest, AnInterfaceThatIsGoneTookItsChangesWithIt) {
  HostSetup setup(folder_.path(), "lb1");
  setup.apply(everything());
  command("ip link del eth0");
  setup.undo();
  EXPECT_FALSE(std::filesystem::exists(HostJournal::file(folder_.path(), "lb1")));
}

// Notices of the kernel about addresses that come and go, from now on.
Fd watch_addresses() {
  Fd socket(checked(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE),
                    "open a netlink socket"));
  sockaddr_nl groups{};
  groups.nl_family = AF_NETLINK;
  groups.nl_groups = RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR;
  checked(::bind(socket.get(), reinterpret_cast<const sockaddr*>(&groups), sizeof groups), "bind");
  return socket;
}

int address_events(const Fd& watch) {
  int count = 0;
  std::array<char, 8192> buffer;
  while (::recv(watch.get(), buffer.data(), buffer.size(), 0) > 0) ++count;
  return count;
}

// Dies at its `step`-th word; says how many there are when it is let live.
std::string die_at(int step, const std::filesystem::path& folder, const HostPlan& plan, bool undo) {
  return in_child([&] {
    int steps = 0;
    const auto count = [&](HostSetup::Kind, const std::string&) {
      if (++steps == step) ::raise(SIGKILL);
    };
    HostSetup setup(folder, "lb1", count);
    setup.apply(plan);
    const int applied = steps;
    if (undo) setup.undo();
    if (!undo) ::_exit(0);
    return std::to_string(applied);
  });
}

TEST_F(HostSetupTest, WhereverALifeIsKilledTheNextCleansUp) {
  int killed = 0;
  std::string end;
  for (int step = 1; (end = die_at(step, folder_.path(), one_of_each(), true)) == "killed by 9";
       ++step, ++killed) {
    HostSetup::undo_leftovers(folder_.path(), "lb1");
    ASSERT_EQ(state_of_this_host(), before_) << "killed at step " << step;
    ASSERT_TRUE(std::filesystem::is_empty(folder_.path())) << "killed at step " << step;
  }
  EXPECT_GE(std::stoi(end), 12) << "six changes, each recorded and made";
  EXPECT_EQ(killed, std::stoi(end) + 12) << "and each put back";
  EXPECT_EQ(HostSetup::undo_leftovers(folder_.path(), "lb1"), 0u);
}

TEST_F(HostSetupTest, WhereverALifeIsKilledTheNextStartsAndStopsAsIfAlone) {
  std::string running;
  int killed = 0;
  for (int step = 1; die_at(step, folder_.path(), one_of_each(), true) == "killed by 9";
       ++step, ++killed) {
    HostSetup setup(folder_.path(), "lb1");
    setup.apply(one_of_each());
    const std::string now = state_of_this_host();
    if (running.empty()) running = now;
    ASSERT_EQ(now, running) << "killed at step " << step;
    setup.undo();
    ASSERT_EQ(state_of_this_host(), before_) << "killed at step " << step;
  }
  EXPECT_GE(killed, 24);
}

TEST_F(HostSetupTest, ARestartedLifeKeepsTheVipsItTakesOver) {
  ASSERT_EQ(die_at(0, folder_.path(), everything(), false), "");
  const Fd watch = watch_addresses();
  HostSetup setup(folder_.path(), "lb1");
  setup.apply(everything());
  EXPECT_EQ(address_events(watch), 0);
  setup.undo();
  EXPECT_EQ(address_events(watch), 3);
  EXPECT_EQ(state_of_this_host(), before_);
}

}  // namespace
}  // namespace poise::realnet
