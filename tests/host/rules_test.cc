// The laws of the rules in a kernel: ours alone, once, all or nothing, in both kinds of iptables.
#include "realnet/host/rules.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>

#include <regex>

#include "realnet/system/process.h"
#include "tests/host/hosts.h"

namespace poise::realnet {
namespace {

using testing::HasSubstr;

class RulesIn : public testing::TestWithParam<const char*> {
 protected:
  RulesConfig web() const {
    return {.name = "lb1",
            .program = GetParam(),
            .matches = {Match::vip(address("192.0.2.1"), IPPROTO_TCP, 80),
                        Match::vip(address("2001:db8::1"), IPPROTO_UDP, 443)},
            .queue_count = 2};
  }
  std::string tool(const std::string& family) const {
    return family + std::string(GetParam()).substr(2);
  }
  // What stands in a chain of table raw, as the tool lists it.
  std::string listed(const std::string& family, const std::string& chain) const {
    return command(tool(family) + " -t raw -S " + chain);
  }

  Host host_;
};

TEST_P(RulesIn, StandOnceHoweverOftenTheyAreInstalledAndLeaveNoTrace) {
  const std::string before = state_of_this_host();
  Rules rules(web());
  EXPECT_FALSE(rules.is_in_place());
  rules.install();
  EXPECT_THAT(rules.remarks(), testing::IsEmpty());
  EXPECT_TRUE(rules.is_in_place());
  const std::string once = state_of_this_host();
  EXPECT_NE(once, before);
  rules.install();
  Rules(web()).install();  // another life
  EXPECT_EQ(state_of_this_host(), once);
  EXPECT_TRUE(rules.is_in_place());
  rules.remove();
  EXPECT_EQ(state_of_this_host(), before);
  EXPECT_FALSE(rules.is_in_place());
  rules.remove();
  EXPECT_EQ(state_of_this_host(), before);
}

TEST_P(RulesIn, AreWhatWasAskedForInBothFamilies) {
  Rules rules(web());
  rules.install();
  EXPECT_EQ(listed("ip", "PREROUTING"), "-P PREROUTING ACCEPT\n-A PREROUTING -j POISE-lb1\n");
  EXPECT_EQ(listed("ip6", "PREROUTING"), "-P PREROUTING ACCEPT\n-A PREROUTING -j POISE-lb1\n");
  EXPECT_THAT(listed("ip", "POISE-lb1"),
              HasSubstr("-A POISE-lb1 -d 192.0.2.1/32 -p tcp -m tcp --dport 80 -j CT --notrack\n"
                        "-A POISE-lb1 -d 192.0.2.1/32 -p tcp -m tcp --dport 80 -j NFQUEUE "
                        "--queue-balance 0:1\n"));
  EXPECT_THAT(
      listed("ip6", "POISE-lb1"),
      HasSubstr("-A POISE-lb1 -d 2001:db8::1/128 -m frag -j NFQUEUE --queue-balance 0:1\n"));
}

TEST_P(RulesIn, RulesOfOthersKeepTheirOrderBeforeAndBehind) {
  command(tool("ip") + " -t raw -A PREROUTING -s 203.0.113.1 -j DROP");
  command(tool("ip") + " -t raw -N POISE-lb1-too");
  command(tool("ip") + " -t raw -A POISE-lb1-too -m comment --comment POISE-lb1 -j RETURN");
  command(tool("ip") + " -t raw -A PREROUTING -j POISE-lb1-too");
  const std::string before = state_of_this_host();
  Rules rules(web());
  rules.install();
  command(tool("ip") + " -t raw -I PREROUTING -s 203.0.113.2 -j DROP");
  rules.install();
  EXPECT_EQ(listed("ip", "PREROUTING"),
            "-P PREROUTING ACCEPT\n"
            "-A PREROUTING -s 203.0.113.2/32 -j DROP\n"
            "-A PREROUTING -j POISE-lb1\n"
            "-A PREROUTING -s 203.0.113.1/32 -j DROP\n"
            "-A PREROUTING -j POISE-lb1-too\n");
  rules.remove();
  command(tool("ip") + " -t raw -D PREROUTING -s 203.0.113.2 -j DROP");
  EXPECT_EQ(state_of_this_host(), before);
}

TEST_P(RulesIn, WhatAnEarlierLifeLeftElsewhereGoes) {
  for (const std::string family : {"ip", "ip6"}) {
    for (const std::string table : {"raw", "mangle"}) {
      const std::string words = tool(family) + " -t " + table;
      command(words + " -N POISE-lb1");
      command(words + " -A POISE-lb1 -j DROP");
      command(words + " -A PREROUTING -j POISE-lb1");
      command(words + " -A PREROUTING -j POISE-lb1");
      command(words + " -A OUTPUT -j POISE-lb1");
    }
  }
  RulesConfig only_v4 = web();
  only_v4.matches.pop_back();
  Rules rules(only_v4);
  rules.install();
  const std::string after_a_crash = state_of_this_host();
  rules.remove();
  rules.install();
  EXPECT_EQ(state_of_this_host(), after_a_crash);
}

TEST_P(RulesIn, OfTwoDaemonsDoNotMix) {
  Rules first(web());
  RulesConfig other = web();
  other.name = "lb2";
  Rules second(other);
  first.install();
  const std::string one = state_of_this_host();
  second.install();
  EXPECT_TRUE(first.is_in_place());
  second.remove();
  EXPECT_TRUE(first.is_in_place());
  EXPECT_EQ(state_of_this_host(), one);
}

TEST_P(RulesIn, AreSeenToBeTamperedWith) {
  Rules rules(web());
  rules.install();
  command(tool("ip6") + " -t raw -F POISE-lb1");
  EXPECT_FALSE(rules.is_in_place());
  rules.install();
  EXPECT_TRUE(rules.is_in_place());
  command(tool("ip") + " -t raw -D PREROUTING -j POISE-lb1");
  EXPECT_FALSE(rules.is_in_place());
}

TEST_P(RulesIn, OfAnEgressChainStandInOutputOfTableMangle) {
  Rules rules({.name = "agent",
               .part = "out",
               .program = GetParam(),
               .hook = RulesHook::output,
               .matches = {Match::syn_ack_from(address("192.0.2.1"), 80)},
               .queue_first = 9,
               .when_deaf = WhenDeaf::pass});
  rules.install();
  EXPECT_EQ(
      command(tool("ip") + " -t mangle -S POISE-agent+out"),
      "-N POISE-agent+out\n"
      "-A POISE-agent+out -s 192.0.2.1/32 -p tcp -m tcp --sport 80 --tcp-flags SYN,ACK SYN,ACK "
      "-j NFQUEUE --queue-num 9 --queue-bypass\n");
}

INSTANTIATE_TEST_SUITE_P(Both, RulesIn, testing::Values("iptables-nft", "iptables-legacy"),
                         [](const auto& tested) { return std::string(tested.param + 9); });

TEST(Rules, InWhicheverIptablesTheHostHas) {
  const Host host;
  Rules rules({.name = "x", .matches = {Match::vip(address("192.0.2.1"))}});
  rules.install();
  EXPECT_TRUE(rules.is_in_place());
  rules.remove();
}

// The kernel's answer where it has no `queue` for nftables; elsewhere the table stands, and goes.
TEST(Rules, OfNftStandOrSayWhatTheKernelAnswered) {
  const Host host;
  const std::string before = state_of_this_host();
  RulesConfig config{.name = "lb1", .flavour = RulesFlavour::nft};
  config.matches = {Match::vip(address("192.0.2.1"), IPPROTO_TCP, 80),
                    Match::vip(address("2001:db8::1"), IPPROTO_UDP, 443),
                    Match::syn_ack_from(address("192.0.2.1"), 80)};
  Rules rules(config);
  const Finished probe =
      run({{"nft", "-f", "-"},
           "table inet probe { chain c { type filter hook prerouting priority 0; "
           "queue num 0; }; }\ndelete table inet probe\n"});
  if (probe.status == 0) {
    rules.install();
    EXPECT_TRUE(rules.is_in_place());
    rules.remove();
  } else {
    const std::string refused = refusal([&] { rules.install(); });
    EXPECT_THAT(refused, HasSubstr("nft -f -: "));
    EXPECT_THAT(refused, HasSubstr("queue num 0"));
    EXPECT_THAT(refused, HasSubstr("No such file or directory"));
    EXPECT_FALSE(rules.is_in_place());
  }
  EXPECT_EQ(state_of_this_host(), before);
}

// All of the text but the queue itself, which this kernel may lack.
TEST(Rules, OfNftAreUnderstoodByEveryKernel) {
  const Host host;
  const std::string before = state_of_this_host();
  RulesConfig config{.name = "lb-1", .flavour = RulesFlavour::nft};
  config.matches = {Match::vip(address("192.0.2.1"), IPPROTO_TCP, 80),
                    Match::vip(address("2001:db8::1"), IPPROTO_UDP, 443),
                    Match::udp_tunnel(address("10.0.0.7"), 1337),
                    Match::ip_tunnel(address("10.0.0.7"), 4),
                    Match::ip_tunnel(address("fd00::7"), 41),
                    Match::ip_tunnel(address("fd00::7"), 47)};
  RulesConfig out{.name = "lb-1", .part = "out", .hook = RulesHook::output};
  out.matches = {Match::syn_ack_from(address("192.0.2.1"), 80)};
  for (const RulesConfig& each : {config, out}) {
    const std::string text = nft_text(each);
    for (int time = 0; time < 2; ++time)
      run_checked(
          {{"nft", "-f", "-"}, std::regex_replace(text, std::regex("queue num [^\n]*"), "accept")});
    EXPECT_NE(state_of_this_host(), before);
    remove_rules(RulesFlavour::nft, "", chain_name(each.name, each.part));
    EXPECT_EQ(state_of_this_host(), before);
  }
}

TEST(Rules, ThatMakeNoSenseAreRefusedBeforeTheKernelIsAsked) {
  const Address vip = address("192.0.2.1");
  EXPECT_EQ(refusal([&] { Rules({.name = ""}); }), "rules of \"\": the name is empty");
  EXPECT_EQ(refusal([&] { Rules({.name = "x", .matches = {Match{}}}); }),
            "rules of \"x\": a match names no address");
  EXPECT_EQ(refusal([&] { Rules({.name = "x", .matches = {{.destination = vip, .port = 80}}}); }),
            "rules of \"x\": a match names a port, but neither TCP nor UDP");
  EXPECT_EQ(refusal([&] { Rules({.name = "x", .queue_first = 65535, .queue_count = 2}); }),
            "rules of \"x\": queues are numbered 0 to 65535, and there is at least one");
  EXPECT_EQ(refusal([&] { Rules({.name = "x", .program = "sh"}).remove(); }),
            "use sh for rules: its name does not begin with iptables");
}

}  // namespace
}  // namespace poise::realnet
