// The laws of a VIP as an address: on the right interface, added once, removed without a trace.
#include "realnet/host/vip_address.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/host/hosts.h"

namespace poise::realnet {
namespace {

using testing::HasSubstr;

class VipAddressTest : public testing::Test {
 protected:
  VipAddressTest() {
    connect({host_, "10.0.0.1/24 fd00::1/64", "eth0"}, {neighbour_, "", "eth0"});
    connect({host_, "10.1.0.1/16 10.0.0.3/23", "eth1"}, {neighbour_, "", "eth1"});
    host_.enter();
  }
  Host neighbour_, host_;
};

TEST_F(VipAddressTest, IsAddedOnceAndRemovedOnce) {
  const std::string before = state_of_this_host();
  for (const char* text : {"192.0.2.1", "2001:db8::1"}) {
    VipAddress vip(address(text), "lo");
    EXPECT_FALSE(vip.is_attached());
    EXPECT_TRUE(vip.attach());
    EXPECT_TRUE(vip.is_attached());
    EXPECT_FALSE(vip.attach());
    EXPECT_TRUE(vip.detach());
    EXPECT_FALSE(vip.is_attached());
    EXPECT_FALSE(vip.detach());
  }
  EXPECT_EQ(state_of_this_host(), before);
}

TEST_F(VipAddressTest, OfIpv6IsUsedAtOnceWithoutDuplicateAddressDetection) {
  VipAddress(address("fd00::50")).attach();
  const std::string shown = command("ip -6 addr show dev eth0 to fd00::50/128");
  EXPECT_THAT(shown, HasSubstr("nodad"));
  EXPECT_THAT(shown, testing::Not(HasSubstr("tentative")));
}

TEST_F(VipAddressTest, StandsOnTheInterfaceWhoseSubnetHoldsIt) {
  EXPECT_EQ(VipAddress(address("10.1.2.3")).interface().name, "eth1");
  EXPECT_EQ(VipAddress(address("fd00::abcd")).interface().name, "eth0");
}

TEST_F(VipAddressTest, IsNotGuessedWhereNoneOrSeveralInterfacesHoldIt) {
  EXPECT_EQ(refusal([] { VipAddress vip(address("192.0.2.1")); }),
            "interface of 192.0.2.1: no interface has a subnet with it; name the interface");
  EXPECT_EQ(refusal([] { VipAddress vip(address("10.0.0.50")); }),
            "interface of 10.0.0.50: several have a subnet with it: eth0 (10.0.0.1/24), "
            "eth1 (10.0.0.3/23); name the interface");
  EXPECT_EQ(VipAddress(address("10.0.0.50"), "eth1").interface().name, "eth1");
  EXPECT_EQ(refusal([] { VipAddress vip(address("10.0.0.50"), "eth7"); }),
            "interface eth7: No such device");
}

TEST_F(VipAddressTest, AnAddressOfItsOwnSubnetIsNotAddedASecondTime) {
  command("ip addr add 10.1.0.50/16 dev eth1");
  const std::string before = state_of_this_host();
  VipAddress vip(address("10.1.0.50"));
  EXPECT_TRUE(vip.is_attached());
  EXPECT_FALSE(vip.attach());
  EXPECT_EQ(state_of_this_host(), before);
}

}  // namespace
}  // namespace poise::realnet
