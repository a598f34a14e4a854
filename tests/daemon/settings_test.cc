// Laws of the settings: which layer wins, what printing keeps, what a reload would change.
#include <gtest/gtest.h>

#include <cstdlib>

#include "realnet/daemon/settings/changes.h"
#include "realnet/daemon/settings/load.h"
#include "realnet/daemon/settings/print.h"
#include "realnet/daemon/settings/schema.h"
#include "realnet/system/error.h"
#include "tests/daemon/temporary_file.h"

namespace poise::realnet {
namespace {

constexpr const char* kText =
    "address = \"10.0.0.1\"\nvip = [{ address = \"10.0.0.50\", port = 80 }]\n"
    "control.plain = true\nlog.level = \"warning\"\n";

TEST(Settings, AFlagWinsOverTheEnvironmentOverTheFileOverTheDefault) {
  const TemporaryFile file("balancer.toml", kText);
  Sources sources{file.path(), {}, {}};
  const auto level = [&] { return load_balancer(sources).settings.log.level; };
  const auto origin = [&] { return load_balancer(sources).origins["log.level"]; };
  EXPECT_EQ(BalancerSettings{}.log.level, LogLevel::info);
  EXPECT_EQ(level(), LogLevel::warning);
  EXPECT_EQ(origin(), "balancer.toml:4");
  sources.environment = {{"POISE_LOG_LEVEL", "error"}};
  EXPECT_EQ(level(), LogLevel::error);
  EXPECT_EQ(origin(), "POISE_LOG_LEVEL");
  sources.flags = {{"log.level", "debug"}};
  EXPECT_EQ(level(), LogLevel::debug);
  EXPECT_EQ(origin(), "--log.level");
}

TEST(Settings, TextsOutsideTheFileNeedNoQuotes) {
  const auto agent = load_agent({std::nullopt,
                                 {{"POISE_ADDRESS", "10.0.0.11"},
                                  {"POISE_BALANCERS", "10.0.0.1,10.0.0.2:7"},
                                  {"POISE_VIP", "[{ address = \"10.0.0.50\", port = 80 }]"},
                                  {"POISE_PACKETS_CPUS", "0,2"}},
                                 {{"control.plain", "true"}, {"service.mtu", "1400"}}})
                         .settings;
  const Endpoint first{Address::v4(0x0a000001), 1338}, second{Address::v4(0x0a000002), 7};
  EXPECT_EQ(agent.balancers, (std::vector{first, second}));
  EXPECT_EQ(agent.machine.balancers, (std::vector{first.address, second.address}));
  EXPECT_EQ(agent.packets.cpus, (std::vector<std::uint32_t>{0, 2}));
  EXPECT_EQ(agent.machine.mtu, 1400u);
  EXPECT_EQ(agent.machine.vips, (std::vector<Vip>{{Address::v4(0x0a000032), 6, 80}}));
}

TEST(Settings, APairsSeatsReachTheMachineAndAreReadBackAsTheyArePrinted) {
  const TemporaryFile file("balancer.toml",
                           std::string(kText) +
                               "[[pair]]\nname = \"db\"\nmembers = [\"web2\", \"web1\"]\n"
                               "[[pair]]\nname = \"mail\"\nmembers = [\"web3\", \"web4\"]\n");
  const auto loaded = load_balancer({file.path(), {}, {}});
  const std::vector<PairSeats> pairs{{"db", {"web2", "web1"}}, {"mail", {"web3", "web4"}}};
  EXPECT_EQ(loaded.settings.machine.pairs, pairs);
  const TemporaryFile printed("printed.toml", print(loaded));
  EXPECT_EQ(load_balancer({printed.path(), {}, {}}).settings.machine.pairs, pairs);
}

TEST(Settings, TheControlPortIsTheBalancersAddressAndCaplancesPort) {
  const TemporaryFile file("balancer.toml", kText);
  EXPECT_EQ(load_balancer({file.path(), {}, {}}).settings.listen.to_string(), "10.0.0.1:1338");
  EXPECT_EQ(load_balancer({file.path(), {}, {{"control.listen", "10.0.0.9"}}})
                .settings.listen.to_string(),
            "10.0.0.9:1338");
}

TEST(Settings, WhatIsPrintedReadsBackEqual) {
  const TemporaryFile file("balancer.toml", kText);
  const auto first = load_balancer({file.path(),
                                    {},
                                    {{"log.to", "file:/var/log/a \"b\".log"},
                                     {"policy.hash_fields", "caplance"},
                                     {"control.slow_start_s", "0.125"},
                                     {"metrics.listen", "[::1]:9338"}}});
  const TemporaryFile printed("printed.toml", print(first));
  const auto second = load_balancer({printed.path(), {}, {}});
  const Changes found = changes(first.settings, second.settings);
  EXPECT_TRUE(found.empty()) << testing::PrintToString(found.running)
                             << testing::PrintToString(found.restart);
}

TEST(Settings, AReloadSaysWhatTakesEffectAndWhatNeedsARestart) {
  const TemporaryFile file("balancer.toml", kText);
  const auto before = load_balancer({file.path(), {}, {}}).settings;
  const auto after = load_balancer({file.path(),
                                    {},
                                    {{"log.level", "debug"},
                                     {"service.mtu", "1400"},
                                     {"vip", "[{ address = \"10.0.0.51\", port = 80 }]"}}})
                         .settings;
  const Changes found = changes(before, after);
  EXPECT_EQ(found.running, (std::vector<std::string>{"log.level: \"warning\" -> \"debug\""}));
  EXPECT_EQ(found.restart,
            (std::vector<std::string>{
                "vip: [{ address = \"10.0.0.50\", protocol = \"tcp\", port = 80 }] -> "
                "[{ address = \"10.0.0.51\", protocol = \"tcp\", port = 80 }]",
                "service.mtu: 1500 -> 1400"}));
  EXPECT_TRUE(changes(before, before).empty());
}

TEST(Settings, ASeedThatWasDrawnIsNoChange) {
  const TemporaryFile file("balancer.toml", kText);
  const auto given = load_balancer({file.path(), {}, {}}).settings;
  auto running = given;
  running.seed = 77;  // as a role does that was given none
  EXPECT_TRUE(changes(running, given).empty());
  EXPECT_FALSE(changes(given, running).empty());
}

TEST(Settings, EveryKeyThatMayChangeWhileRunningIsAKey) {
  std::size_t found = 0;
  for_each_key(balancer_table(), balancer_table().defaults,
               [&](const std::string& path, const scenario::Field&, const void*) {
                 found += may_change_while_running(path);
               });
  EXPECT_EQ(found, 10u);
}

TEST(Settings, EveryKeyOfEveryRoleHasADefaultThatItsOwnRangeAllows) {
  for (const scenario::Table* table : {&balancer_table(), &agent_table()})
    for_each_key(*table, table->defaults,
                 [&](const std::string& path, const scenario::Field& field, const void* at) {
                   EXPECT_FALSE(field.doc.empty()) << path;
                   if (!field.get) return;
                   const scenario::Value value = field.get(at);
                   double number = field.min;
                   if (const auto* integer = std::get_if<std::int64_t>(&value))
                     number = static_cast<double>(*integer);
                   if (const auto* duration = std::get_if<Duration>(&value))
                     number = to_seconds(*duration);
                   EXPECT_GE(number, field.min) << path;
                   EXPECT_LE(number, field.max) << path;
                 });
}

TEST(Settings, AFileThatCannotBeReadSaysWhy) {
  try {
    load_balancer({"/nowhere/balancer.toml", {}, {}});
    FAIL() << "read";
  } catch (const SystemError& error) {
    EXPECT_STREQ(error.what(), "read /nowhere/balancer.toml: No such file or directory");
  }
}

TEST(Settings, AFolderIsNoFile) {
  EXPECT_THROW(load_balancer({"/tmp", {}, {}}), SystemError);
}

}  // namespace
}  // namespace poise::realnet
