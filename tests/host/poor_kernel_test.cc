// The laws of a kernel that lacks something: the rules give way, and say what had to.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <fstream>

#include "realnet/host/host_setup.h"
#include "realnet/host/rules.h"
#include "tests/host/hosts.h"

namespace poise::realnet {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// Commands named iptables-poor..., which are iptables-nft, but answer as on a kernel that refuses
// every text with `lacks` in it.
class PoorKernel : public testing::Test {
 protected:
  void lacks(const std::string& what) {
    for (const std::string family : {"ip", "ip6"}) {
      script(family + "tables-poor", "for word; do [ \"$word\" = '" + what +
                                         "' ] && { echo no table >&2; exit 3; }; done\n"
                                         "exec " +
                                         family + "tables-nft \"$@\"\n");
      script(family + "tables-poor-save", "exec " + family + "tables-nft-save \"$@\"\n");
      script(family + "tables-poor-restore",
             "text=$(cat)\n"
             "case $text in *'" +
                 what +
                 "'*) echo the kernel lacks it >&2; exit 2;; esac\n"
                 "echo \"$text\" | " +
                 family + "tables-nft-restore \"$@\"\n");
    }
    path_ = ::getenv("PATH");
    ::setenv("PATH", (folder_.path().string() + ":" + path_).c_str(), 1);
  }
  void TearDown() override { ::setenv("PATH", path_.c_str(), 1); }

  Rules rules() const {
    return Rules({.name = "lb1",
                  .program = "iptables-poor",
                  .matches = {Match::vip(address("192.0.2.1"), IPPROTO_UDP)}});
  }

  Host host_;
  Folder state_;

 private:
  void script(const std::string& name, const std::string& body) {
    const std::string file = folder_.path() / name;
    std::ofstream(file) << "#!/bin/sh\n" << body;
    ASSERT_EQ(::chmod(file.c_str(), 0755), 0);
  }
  Folder folder_;
  std::string path_;
};

TEST_F(PoorKernel, WithoutTableRawTheRulesStandInMangle) {
  lacks("raw");
  Rules poor = rules();
  poor.install();
  EXPECT_TRUE(poor.is_in_place());
  EXPECT_EQ(command("iptables-nft -t mangle -S PREROUTING"),
            "-P PREROUTING ACCEPT\n-A PREROUTING -j POISE-lb1\n");
  EXPECT_THAT(
      poor.remarks(),
      ElementsAre("The rules stand in table mangle without CT --notrack. Refused in table raw "
                  "with CT --notrack: iptables-poor-restore --noflush --wait 5: the kernel "
                  "lacks it (no table); then in table raw: iptables-poor-restore --noflush "
                  "--wait 5: the kernel lacks it (no table)."));
  poor.remove();
  EXPECT_EQ(command("iptables-nft -t mangle -S PREROUTING"), "-P PREROUTING ACCEPT\n");
}

TEST_F(PoorKernel, WithoutConnectionTrackingThereIsNothingToKeepPacketsOutOf) {
  lacks("notrack");
  Rules poor = rules();
  poor.install();
  EXPECT_TRUE(poor.is_in_place());
  EXPECT_THAT(command("iptables-nft -t raw -S POISE-lb1"),
              testing::AllOf(HasSubstr("NFQUEUE"), testing::Not(HasSubstr("CT"))));
  ASSERT_EQ(poor.remarks().size(), 1u);
  EXPECT_THAT(poor.remarks()[0], HasSubstr("The rules stand in table raw without CT --notrack."));
}

TEST_F(PoorKernel, TheOperatorIsToldOfAFallback) {
  lacks("raw");
  std::vector<std::string> remarks;
  HostSetup setup(state_.path(), "lb1", [&](HostSetup::Kind kind, const std::string& text) {
    if (kind == HostSetup::Kind::remark) remarks.push_back(text);
  });
  setup.apply({.rules = {rules().config()}});
  EXPECT_THAT(remarks, ElementsAre(HasSubstr("The rules stand in table mangle")));
}

TEST_F(PoorKernel, WithTheNextKernelTheRulesMoveAndNoneStayBehind) {
  lacks("raw");
  rules().install();
  Rules({.name = "lb1",
         .program = "iptables-nft",
         .matches = {Match::vip(address("192.0.2.1"), IPPROTO_UDP)}})
      .install();
  EXPECT_THAT(command("iptables-nft-save -t mangle"), testing::Not(HasSubstr("POISE")));
  EXPECT_THAT(command("iptables-nft-save -t raw"), HasSubstr("-A PREROUTING -j POISE-lb1"));
}

TEST_F(PoorKernel, WithoutQueuesNothingStandsAndAllThatWasTriedIsSaid) {
  lacks("NFQUEUE");
  const std::string before = state_of_this_host();
  Rules poor = rules();
  const std::string refused = refusal([&] { poor.install(); });
  EXPECT_THAT(refused,
              testing::StartsWith("install chain POISE-lb1: in table raw with CT --notrack: "
                                  "iptables-poor-restore --noflush --wait 5: the kernel "
                                  "lacks it; then in table raw: "));
  EXPECT_THAT(refused, HasSubstr("; then in table mangle: "));
  EXPECT_EQ(state_of_this_host(), before);
  EXPECT_FALSE(poor.is_in_place());
}

TEST_F(PoorKernel, AFamilyThatIsRefusedTakesTheOtherWithIt) {
  lacks("2001:db8::1");
  const std::string before = state_of_this_host();
  RulesConfig config = rules().config();
  config.matches.push_back(Match::vip(address("2001:db8::1")));
  Rules poor(config);
  EXPECT_THAT(refusal([&] { poor.install(); }), HasSubstr("ip6tables-poor-restore"));
  EXPECT_EQ(state_of_this_host(), before);
}

}  // namespace
}  // namespace poise::realnet
