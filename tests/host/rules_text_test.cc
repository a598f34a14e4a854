// The laws of what is asked of the kernel: names that fit, and the text of rules, word by word.
#include "realnet/host/rules_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>

#include <fstream>
#include <iterator>
#include <set>
#include <sstream>

#include "tests/host/hosts.h"

namespace poise::realnet {
namespace {

TEST(ChainName, SaysWhoseItIs) {
  EXPECT_EQ(chain_name("lb1"), "POISE-lb1");
  EXPECT_EQ(chain_name("lb1", "out"), "POISE-lb1+out");
  EXPECT_EQ(nft_table_name(chain_name("lb-1", "out")), "poise_lb.1/out");
}

TEST(ChainName, FitsIntoWhatIptablesHoldsAndStaysItsOwn) {
  std::set<std::string> chains, tables;
  const std::vector<std::pair<std::string, std::string>> names{{"abcdefghijklmnopqrstuv", ""},
                                                               {"abcdefghijklmnopqrstuvw", ""},
                                                               {"abcdefghijklmnopqrstuvx", ""},
                                                               {std::string(300, 'x'), ""},
                                                               {"a b", ""},
                                                               {"a/b", ""},
                                                               {"a_b", ""},
                                                               {"a+b", ""},
                                                               {"a", "b"},
                                                               {"a-b", ""},
                                                               {"a.b", ""},
                                                               {"ab", ""}};
  for (const auto& [name, part] : names) {
    const std::string chain = chain_name(name, part);
    EXPECT_LE(chain.size(), 28u) << chain;
    EXPECT_EQ(chain.find_first_of(" /."), std::string::npos) << chain;
    EXPECT_TRUE(chains.insert(chain).second) << chain << " stands for two names";
    EXPECT_TRUE(tables.insert(nft_table_name(chain)).second);
  }
  EXPECT_EQ(chain_name("abcdefghijklmnopqrstuv"), "POISE-abcdefghijklmnopqrstuv");
}

const RulesConfig kWeb{.name = "lb1",
                       .matches = {Match::vip(address("192.0.2.1"), IPPROTO_TCP, 80),
                                   Match::vip(address("192.0.2.1"), IPPROTO_TCP, 443),
                                   Match::vip(address("2001:db8::1"))},
                       .queue_first = 4,
                       .queue_count = 2};

TEST(IptablesText, ReplacesTheChainAndJumpsToItFromTheFront) {
  EXPECT_EQ(iptables_text(kWeb, Family::v4, {"raw"}, {}),
            "*raw\n"
            ":POISE-lb1 - [0:0]\n"
            "-I PREROUTING -j POISE-lb1\n"
            "-A POISE-lb1 -d 192.0.2.1 -p tcp --dport 80 -j NFQUEUE --queue-balance 4:5\n"
            "-A POISE-lb1 -d 192.0.2.1 -p tcp -f -j NFQUEUE --queue-balance 4:5\n"
            "-A POISE-lb1 -d 192.0.2.1 -p icmp --icmp-type 3 -j NFQUEUE --queue-balance 4:5\n"
            "-A POISE-lb1 -d 192.0.2.1 -p icmp --icmp-type 11 -j NFQUEUE --queue-balance 4:5\n"
            "-A POISE-lb1 -d 192.0.2.1 -p icmp --icmp-type 12 -j NFQUEUE --queue-balance 4:5\n"
            "-A POISE-lb1 -d 192.0.2.1 -p tcp --dport 443 -j NFQUEUE --queue-balance 4:5\n"
            "COMMIT\n");
}

TEST(IptablesText, KeepsPacketsOutOfConnectionTrackingWhereTheTableCan) {
  EXPECT_EQ(iptables_text(kWeb, Family::v6, {"raw", true}, {}),
            "*raw\n"
            ":POISE-lb1 - [0:0]\n"
            "-I PREROUTING -j POISE-lb1\n"
            "-A POISE-lb1 -d 2001:db8::1 -j CT --notrack\n"
            "-A POISE-lb1 -d 2001:db8::1 -j NFQUEUE --queue-balance 4:5\n"
            "COMMIT\n");
}

TEST(IptablesText, AJumpThatStandsKeepsItsPlaceAndItsDoublesGo) {
  const std::string text = iptables_text(
      kWeb, Family::v6, {"raw"},
      {"-A PREROUTING -j POISE-lb1", "-A OUTPUT -j POISE-lb1", "-A PREROUTING -j POISE-lb1"});
  EXPECT_THAT(text, testing::HasSubstr("\n-D OUTPUT -j POISE-lb1\n-D PREROUTING -j POISE-lb1\n-A"));
  EXPECT_THAT(text, testing::Not(testing::HasSubstr("-I ")));
}

TEST(IptablesText, SaysWhatHappensWhenNobodyListensAndHowQueuesAreChosen) {
  RulesConfig config{.name = "agent",
                     .matches = {Match::udp_tunnel(address("10.0.0.7"), 1337),
                                 Match::ip_tunnel(address("10.0.0.7"), 47)},
                     .queue_count = 4,
                     .by_cpu = true,
                     .when_deaf = WhenDeaf::pass};
  EXPECT_EQ(iptables_text(config, Family::v4, {"mangle"}, {"-A PREROUTING -j POISE-agent"}),
            "*mangle\n"
            ":POISE-agent - [0:0]\n"
            "-A POISE-agent -d 10.0.0.7 -p udp --dport 1337 -j NFQUEUE --queue-balance 0:3 "
            "--queue-bypass --queue-cpu-fanout\n"
            "-A POISE-agent -d 10.0.0.7 -p 47 -j NFQUEUE --queue-balance 0:3 "
            "--queue-bypass --queue-cpu-fanout\n"
            "COMMIT\n");
}

TEST(IptablesText, AnswersThatThisHostSendsAreMatchedByTheirSource) {
  const RulesConfig config{.name = "agent",
                           .part = "out",
                           .hook = RulesHook::output,
                           .matches = {Match::syn_ack_from(address("192.0.2.1"), 80)},
                           .queue_first = 9};
  EXPECT_EQ(iptables_text(config, Family::v4, {"mangle"}, {}),
            "*mangle\n"
            ":POISE-agent+out - [0:0]\n"
            "-I OUTPUT -j POISE-agent+out\n"
            "-A POISE-agent+out -s 192.0.2.1 -p tcp --sport 80 --tcp-flags SYN,ACK SYN,ACK "
            "-j NFQUEUE --queue-num 9\n"
            "COMMIT\n");
}

TEST(NftText, IsOneTableThatReplacesAnEarlierOne) {
  RulesConfig config = kWeb;
  config.matches.erase(config.matches.begin() + 1);
  config.by_cpu = true;
  config.when_deaf = WhenDeaf::pass;
  EXPECT_EQ(nft_text(config),
            "add table inet poise_lb1\n"
            "delete table inet poise_lb1\n"
            "table inet poise_lb1 {\n"
            "  chain packets {\n"
            "    type filter hook prerouting priority -300; policy accept;\n"
            "    ip daddr 192.0.2.1 meta l4proto tcp th dport 80 notrack\n"
            "    ip daddr 192.0.2.1 meta l4proto tcp th dport 80 queue num 4-5 bypass,fanout\n"
            "    ip daddr 192.0.2.1 ip frag-off & 0x1fff != 0 notrack\n"
            "    ip daddr 192.0.2.1 ip frag-off & 0x1fff != 0 queue num 4-5 bypass,fanout\n"
            "    ip daddr 192.0.2.1 icmp type 3 notrack\n"
            "    ip daddr 192.0.2.1 icmp type 3 queue num 4-5 bypass,fanout\n"
            "    ip daddr 192.0.2.1 icmp type 11 notrack\n"
            "    ip daddr 192.0.2.1 icmp type 11 queue num 4-5 bypass,fanout\n"
            "    ip daddr 192.0.2.1 icmp type 12 notrack\n"
            "    ip daddr 192.0.2.1 icmp type 12 queue num 4-5 bypass,fanout\n"
            "    ip6 daddr 2001:db8::1 notrack\n"
            "    ip6 daddr 2001:db8::1 queue num 4-5 bypass,fanout\n"
            "  }\n"
            "}\n");
}

// Each line of `text` stands in the page one after the other, indented.
void expect_shown(const std::string& page, const std::string& text) {
  std::string shown;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) shown += "    " + line + "\n";
  EXPECT_THAT(page, testing::HasSubstr(shown));
}

TEST(ThePage, ShowsExactlyWhatIsInstalled) {
  std::ifstream in(std::string(POISE_SOURCE) + "/realnet/host/README.md");
  const std::string page{std::istreambuf_iterator<char>(in), {}};
  const RulesConfig balancer{.name = "lb1",
                             .matches = {Match::vip(address("192.0.2.1"), IPPROTO_TCP, 80),
                                         Match::vip(address("2001:db8::1"))},
                             .queue_count = 2};
  expect_shown(page, iptables_text(balancer, Family::v4, {"raw", true}, {}));
  expect_shown(page, iptables_text(balancer, Family::v6, {"raw", true}, {}));
  expect_shown(page, nft_text(balancer));
  const RulesConfig answers{.name = "web1",
                            .part = "out",
                            .hook = RulesHook::output,
                            .matches = {Match::syn_ack_from(address("192.0.2.1"))},
                            .queue_first = 2,
                            .when_deaf = WhenDeaf::pass};
  expect_shown(page, iptables_text(answers, Family::v4, {"mangle"}, {}));
}

}  // namespace
}  // namespace poise::realnet
