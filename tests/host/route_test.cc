// The laws of an address that leads nowhere: it stays when its maker dies, and is put back.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include "realnet/host/host_setup.h"
#include "realnet/host/route.h"
#include "tests/host/hosts.h"

namespace poise::realnet {
namespace {

using testing::HasSubstr;
using testing::Not;

class Blackhole : public testing::Test {
 protected:
  Blackhole() { host_.enter(); }
  static std::string routes() { return command("ip route") + command("ip -6 route"); }

  const HostPlan plan_{.blackholes = {address("10.0.0.50"), address("fd00::50")}};
  Host host_;
  Folder folder_;
};

TEST_F(Blackhole, StandsForBothFamiliesAndIsPutBack) {
  const std::string before = routes();
  HostSetup setup(folder_.path(), "echo");
  setup.apply(plan_);
  EXPECT_THAT(routes(), HasSubstr("blackhole 10.0.0.50"));
  EXPECT_THAT(routes(), HasSubstr("blackhole fd00::50"));
  EXPECT_TRUE(setup.is_in_place());
  setup.undo();
  EXPECT_EQ(routes(), before);
}

TEST_F(Blackhole, StaysAfterAKillAndIsTakenOverByTheNextLife) {
  const std::string before = routes();
  EXPECT_EQ(in_child([&]() -> std::string {
              HostSetup setup(folder_.path(), "echo");
              setup.apply(plan_);
              ::kill(::getpid(), SIGKILL);
              return "";
            }),
            "killed by 9");
  EXPECT_THAT(routes(), HasSubstr("blackhole 10.0.0.50"));
  HostSetup next(folder_.path(), "echo");
  next.apply(plan_);
  EXPECT_TRUE(next.is_in_place());
  next.undo();
  EXPECT_EQ(routes(), before);
}

TEST_F(Blackhole, IsMadeAgainWhenSomebodyTookItAway) {
  HostSetup setup(folder_.path(), "echo");
  setup.apply(plan_);
  command("ip route del blackhole 10.0.0.50");
  EXPECT_FALSE(setup.is_in_place());
  EXPECT_TRUE(setup.mend());
  EXPECT_THAT(routes(), HasSubstr("blackhole 10.0.0.50"));
  EXPECT_FALSE(setup.mend());
}

TEST_F(Blackhole, OfSomebodyElseIsLeftAlone) {
  ASSERT_TRUE(add_blackhole(address("10.0.0.50")));
  HostSetup setup(folder_.path(), "echo");
  setup.apply(plan_);
  setup.undo();
  EXPECT_TRUE(has_blackhole(address("10.0.0.50")));
  EXPECT_THAT(routes(), Not(HasSubstr("fd00::50")));
}

TEST_F(Blackhole, GivesWayToARouteToADevice) {
  command("ip link add eth0 type veth peer name eth1");
  command("ip link set eth0 up");
  command("ip link set eth1 up");
  HostSetup setup(folder_.path(), "echo");
  setup.apply(plan_);
  for (const char* vip : {"10.0.0.50", "fd00::50"}) {
    route_to(address(vip), interface_named("eth0"));
    EXPECT_THAT(command(std::string("ip route get ") + vip), HasSubstr("dev eth0")) << vip;
  }
  EXPECT_TRUE(setup.is_in_place());
}

TEST_F(Blackhole, OfTwoDevicesTheFirstKeepsAnAddress) {
  command("ip link add eth0 type veth peer name eth1");
  command("ip link set eth0 up");
  command("ip link set eth1 up");
  for (const char* vip : {"10.0.0.50", "fd00::50"}) {
    route_to(address(vip), interface_named("eth0"));
    EXPECT_THAT(refusal([&] { route_to(address(vip), interface_named("eth1")); }),
                HasSubstr(std::string("route ") + vip + " to eth1: another device has that route"));
    EXPECT_THAT(command(std::string("ip route get ") + vip), HasSubstr("dev eth0")) << vip;
  }
  command("ip link del eth0");
  command("ip link add eth0 type veth peer name eth1");
  command("ip link set eth0 up");
  for (const char* vip : {"10.0.0.50", "fd00::50"}) route_to(address(vip), interface_named("eth0"));
}

}  // namespace
}  // namespace poise::realnet
