// The laws of a process that may not: it says what it may not, and changes nothing.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/capability.h>
#include <netinet/in.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>

#include "realnet/host/host_setup.h"
#include "tests/host/hosts.h"

namespace poise::realnet {
namespace {

using testing::HasSubstr;

// For this process and what it starts.
void give_up(int capability) {
  checked(::prctl(PR_CAPBSET_DROP, capability, 0, 0, 0), "drop a capability");
  __user_cap_header_struct header{.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
  std::array<__user_cap_data_struct, 2> data{};
  checked(static_cast<int>(::syscall(SYS_capget, &header, data.data())), "capget");
  data[0].effective &= ~(1u << capability);
  data[0].permitted &= ~(1u << capability);
  data[0].inheritable = 0;
  checked(static_cast<int>(::syscall(SYS_capset, &header, data.data())), "capset");
}

std::string without_net_admin(const HostPlan& plan) {
  const Folder folder;
  return in_child([&]() -> std::string {
    give_up(CAP_NET_ADMIN);
    HostSetup setup(folder.path(), "lb1");
    setup.apply(plan);
    return "it was allowed";
  });
}

class Unprivileged : public testing::Test {
 protected:
  Host host_;
  std::string before_ = state_of_this_host();
  void TearDown() override { EXPECT_EQ(state_of_this_host(), before_); }
};

TEST_F(Unprivileged, RulesAreRefusedWithTheCommandsOwnWords) {
  for (const char* program : {"iptables-nft", "iptables-legacy"}) {
    const std::string refused = without_net_admin(
        {.rules = {{.program = program, .matches = {Match::vip(address("192.0.2.1"))}}}});
    EXPECT_THAT(refused, HasSubstr(program));
    EXPECT_THAT(refused, testing::ContainsRegex("Permission denied|must be root")) << program;
  }
}

TEST_F(Unprivileged, RulesOfNftAreRefusedWithTheCommandsOwnWords) {
  const std::string refused = without_net_admin(
      {.rules = {{.flavour = RulesFlavour::nft, .matches = {Match::vip(address("192.0.2.1"))}}}});
  EXPECT_THAT(refused, HasSubstr("nft -f -: "));
  EXPECT_THAT(refused, HasSubstr("Operation not permitted"));
}

TEST_F(Unprivileged, AVipIsRefused) {
  EXPECT_EQ(without_net_admin({.vips = {{address("192.0.2.1"), "lo"}}}),
            "add 192.0.2.1 on lo: Operation not permitted");
  EXPECT_EQ(without_net_admin({.vips = {{address("2001:db8::1"), "lo"}}}),
            "add 2001:db8::1 on lo: Operation not permitted");
}

TEST_F(Unprivileged, ASysctlIsRefused) {
  const Folder folder;
  EXPECT_THAT(in_child([&]() -> std::string {
                checked(::chmod(folder.path().c_str(), 0777), "chmod");
                checked(::setresuid(4711, 4711, 4711), "setresuid");
                HostSetup setup(folder.path(), "lb1");
                setup.apply({.sysctls = quiet_arp("lo")});
                return "it was allowed";
              }),
              HasSubstr("set sysctl net/ipv4/conf/all/arp_ignore to 1: Permission denied"));
}

}  // namespace
}  // namespace poise::realnet
