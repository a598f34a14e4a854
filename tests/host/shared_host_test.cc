// The laws of two daemons on one host: what both need stays until the last of them goes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include "realnet/host/host_setup.h"
#include "realnet/host/route.h"
#include "tests/host/hosts.h"

namespace poise::realnet {
namespace {

const std::string kForwarding = "net/ipv4/conf/eth0/forwarding";
const std::string kArp = "net/ipv4/conf/eth0/arp_ignore";

class SharedHost : public testing::Test {
 protected:
  SharedHost() {
    connect({host_, "10.0.0.1/24 fd00::1/64"}, {neighbour_, "10.0.0.2/24 fd00::2/64"});
    host_.enter();
    before_ = state_of_this_host();
  }

  static HostPlan plan() {
    return {.blackholes = {address("10.0.0.50")},
            .sysctls = {{kForwarding, "1", true}, {"net/ipv6/conf/all/forwarding", "1", true}},
            .vips = {{address("192.0.2.1"), "lo"}}};
  }

  Host neighbour_, host_;
  Folder folder_;
  std::string before_;
};

TEST_F(SharedHost, WhoeverStopsFirstTakesNothingFromTheOther) {
  for (const bool in_order : {true, false}) {
    HostSetup echo(folder_.path(), "echo"), files(folder_.path(), "files");
    echo.apply(plan());
    files.apply(plan());
    HostSetup& first = in_order ? echo : files;
    HostSetup& last = in_order ? files : echo;
    first.undo();
    EXPECT_TRUE(last.is_in_place());
    EXPECT_EQ(read_sysctl(kForwarding), "1");
    EXPECT_EQ(read_sysctl("net/ipv6/conf/eth0/forwarding"), "1") << "it followed";
    EXPECT_TRUE(has_blackhole(address("10.0.0.50")));
    last.undo();
    EXPECT_EQ(state_of_this_host(), before_);
    EXPECT_FALSE(has_blackhole(address("10.0.0.50")));
  }
}

TEST_F(SharedHost, OfAKilledOneItsNextLifePutsBackTheRest) {
  EXPECT_EQ(in_child([&]() -> std::string {
              HostSetup setup(folder_.path(), "echo");
              setup.apply(plan());
              ::kill(::getpid(), SIGKILL);
              return "";
            }),
            "killed by 9");
  {
    HostSetup files(folder_.path(), "files");
    files.apply(plan());
  }
  EXPECT_EQ(read_sysctl(kForwarding), "1") << "echo may come again";
  HostSetup::undo_leftovers(folder_.path(), "echo");
  EXPECT_EQ(state_of_this_host(), before_);
}

TEST_F(SharedHost, TheStricterValueStandsWhileItIsNeeded) {
  HostSetup loose(folder_.path(), "loose"), strict(folder_.path(), "strict");
  for (const bool strict_goes_first : {true, false}) {
    loose.apply({.sysctls = {{kArp, "1", true}}});
    strict.apply({.sysctls = {{kArp, "2", true}}});
    EXPECT_EQ(read_sysctl(kArp), "2");
    loose.apply({.sysctls = {{kArp, "1", true}}});
    (strict_goes_first ? strict : loose).undo();
    EXPECT_EQ(read_sysctl(kArp), strict_goes_first ? "1" : "2");
    (strict_goes_first ? loose : strict).undo();
    EXPECT_EQ(state_of_this_host(), before_);
  }
}

TEST_F(SharedHost, AJournalOfAnotherNamespaceHasNoSay) {
  const Host other;
  HostSetup elsewhere(folder_.path(), "elsewhere");
  elsewhere.apply({.sysctls = {{"net/ipv4/conf/lo/arp_ignore", "1", true}}});
  host_.enter();
  {
    HostSetup here(folder_.path(), "here");
    here.apply({.sysctls = {{"net/ipv4/conf/lo/arp_ignore", "1", true}}});
  }
  EXPECT_EQ(state_of_this_host(), before_);
  other.enter();
  elsewhere.undo();
}

TEST_F(SharedHost, ASwitchThatSomebodyChangedIsTheirsAndIsNoticed) {
  std::vector<std::string> remarks;
  HostSetup setup(folder_.path(), "echo", [&](HostSetup::Kind kind, const std::string& text) {
    if (kind == HostSetup::Kind::remark) remarks.push_back(text);
  });
  setup.apply(plan());
  EXPECT_TRUE(remarks.empty());
  write_sysctl(kForwarding, "0");
  EXPECT_FALSE(setup.is_in_place());
  EXPECT_FALSE(setup.mend());
  EXPECT_FALSE(setup.mend());
  const std::string remark =
      "sysctl " + kForwarding + ": left alone: somebody made it 0, and 1 is needed";
  EXPECT_EQ(remarks, std::vector{remark}) << "once";
  write_sysctl(kForwarding, "1");
  EXPECT_FALSE(setup.mend());
  write_sysctl(kForwarding, "0");
  command("ip route del blackhole 10.0.0.50");
  EXPECT_TRUE(setup.mend());
  EXPECT_EQ(read_sysctl(kForwarding), "0") << "the route was mended, the switch is theirs";
  setup.undo();
  EXPECT_EQ(state_of_this_host(), before_);
}

TEST_F(SharedHost, ASwitchOfAnInterfaceThatWasReplacedIsSetAgain) {
  command("ip link add eth7 type veth peer name eth8");
  const HostPlan plan{.sysctls = {{"net/ipv4/conf/eth7/forwarding", "1", true}}};
  HostSetup setup(folder_.path(), "echo");
  setup.apply(plan);
  command("ip link del eth7");
  EXPECT_FALSE(setup.is_in_place());
  EXPECT_THROW(setup.mend(), SystemError);
  command("ip link add eth7 type veth peer name eth8");
  EXPECT_TRUE(setup.mend());
  EXPECT_TRUE(setup.is_in_place());
  EXPECT_EQ(read_sysctl("net/ipv4/conf/eth7/forwarding"), "1");
  setup.undo();
  EXPECT_EQ(read_sysctl("net/ipv4/conf/eth7/forwarding"), "0");
}

}  // namespace
}  // namespace poise::realnet
