// Laws of plans as text: what is written is read back, keys are changed one by one.
#include <gtest/gtest.h>

#include "model/policy/policy.h"
#include "model/scenario/plan_toml.h"
#include "model/scenario/schema.h"
#include "tests/golden.h"
#include "tests/scenario/random_plan.h"

namespace poise::scenario {
namespace {

std::string message(auto&& act) {
  try {
    act();
  } catch (const PlanError& error) {
    return error.what();
  }
  return "no error";
}

TEST(Plan, WhatIsWrittenIsReadBack) {
  for (std::uint64_t seed = 1; seed <= 1000; ++seed) {
    const Plan plan = random_plan(seed);
    const std::string text = write_plan(plan);
    SCOPED_TRACE("seed " + std::to_string(seed) + "\n" + text);
    try {
      const Plan again = parse_plan(text, "plan.toml");
      ASSERT_EQ(again, plan);
      ASSERT_EQ(write_plan(again), text);
    } catch (const PlanError& error) {
      FAIL() << error.what();
    }
  }
}

TEST(Plan, EveryKeyIsChangedAndReadBackByItsPath) {
  // The value of every plain key of a random plan, set in the default plan key by key.
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    Plan plan = random_plan(seed);
    plan.topology = TopologySpec{};  // explicit nodes and spares go together with other keys
    plan.faults.clear();
    plan.measures.captures.clear();
    std::vector<Override> changes;
    for (const Field& section : plan_table().fields) {
      if (section.type != Type::table) continue;
      for (const Field& field : section.table->fields) {
        if (!field.get) continue;
        const std::string key = std::string(section.name) + "." + std::string(field.name);
        changes.push_back({key, value_of(plan, key)});
      }
    }
    changes.push_back({"duration_s", value_of(plan, "duration_s")});
    changes.push_back({"service.vip", value_of(plan, "service.vip")});
    Plan changed = with(Plan{}, changes);
    changed.title = plan.title;
    changed.seed = plan.seed;
    changed.run = plan.run;
    changed.variants = plan.variants;
    EXPECT_EQ(changed, plan) << write_plan(changed) << "\nwanted\n" << write_plan(plan);
  }
}

TEST(Plan, DefaultsNeedNoText) {
  EXPECT_EQ(parse_plan("", "plan.toml"), Plan{});
}

TEST(Plan, OnlyDifferencesAreWritten) {
  Plan plan;
  plan.title = "One change";
  plan.policy.kind = "jump";
  EXPECT_EQ(write_plan(plan), "title = \"One change\"\nseed = 1\n\n[policy]\nkind = \"jump\"\n");
}

TEST(Plan, ElementsOfListsAreNamedFromZero) {
  Plan plan;
  plan.faults = {{std::chrono::seconds{1}, FaultKind::crash, "backend1", {}, 0},
                 {std::chrono::seconds{2}, FaultKind::crash, "backend2", {}, 0}};
  const Plan changed = with(plan, "fault.1.lasts_s", "0.25");
  EXPECT_EQ(changed.faults[1].lasts, std::chrono::milliseconds{250});
  EXPECT_EQ(changed.faults[0], plan.faults[0]);
  EXPECT_EQ(value_of(changed, "fault.1.lasts_s"), "0.25");
  EXPECT_TRUE(with(plan, "fault", "[]").faults.empty());
  EXPECT_NE(message([&] { with(plan, "fault.2.lasts_s", "1"); }).find("names no element"),
            std::string::npos);
}

TEST(Plan, AnOverrideIsCheckedLikeText) {
  EXPECT_EQ(message([] { with(Plan{}, "policy.kind", "\"jmp\""); }).substr(0, 37),
            "override: policy.kind is \"jmp\"; allow");
  EXPECT_NE(message([] { with(Plan{}, "policy.kind", "jump"); }).find("not a TOML value"),
            std::string::npos);
  EXPECT_NE(message([] { with(Plan{}, "seed", "1\nrun = 2"); }).find("not a TOML value"),
            std::string::npos);
  EXPECT_NE(message([] {
              with(Plan{}, "control.timeout_s", "0.1");
            }).find("more than control.heartbeat_s"),
            std::string::npos);
}

TEST(Plan, SeveralOverridesAreCheckedTogether) {
  const Override both[] = {{"control.heartbeat_s", "1"}, {"control.timeout_s", "3.5"}};
  EXPECT_EQ(with(Plan{}, both).control.timeout, std::chrono::milliseconds{3500});
}

TEST(Plan, AVariantIsThePlanWithItsChanges) {
  const Plan plan = parse_plan(R"(
title = "Base"
[[variant]]
name = "a"
set = { "policy.kind" = "ring", policy.virtual_nodes = 7 }
[[variant]]
name = "b"
)",
                               "plan.toml");
  const Plan a = variant(plan, "a");
  EXPECT_EQ(a.title, "Base: a");
  EXPECT_EQ(a.policy.kind, "ring");
  EXPECT_EQ(a.policy.virtual_nodes, 7u);
  EXPECT_TRUE(a.variants.empty());
  EXPECT_EQ(variant(plan, "b").policy, plan.policy);
  EXPECT_EQ(message([&] { variant(plan, "c"); }), "the plan has no variant \"c\"; it has: a, b");
}

TEST(Plan, CustomPoliciesAreAllowedByName) {
  const std::string mine[] = {"mine"};
  EXPECT_EQ(parse_plan("[policy]\nkind = \"mine\"", "p", mine).policy.kind, "mine");
  EXPECT_NE(message([] {
              parse_plan("[policy]\nkind = \"mine\"", "p");
            }).find("p:2: policy.kind is \"mine\""),
            std::string::npos);
}

TEST(Plan, EveryBuiltInPolicyIsAllowed) {
  for (const policy::Entry& entry : policy::catalogue())
    EXPECT_EQ(message([&] { with(Plan{}, "policy.kind", quoted(entry.kind)); }).find("allowed"),
              std::string::npos)
        << entry.kind;
}

TEST(Plan, AllProblemsAreCollectedInTheOrderOfLines) {
  try {
    parse_plan("[workload]\nrates = 3\n[control]\nheartbeat_s = \"x\"\n", "plan.toml");
    FAIL();
  } catch (const PlanError& error) {
    ASSERT_EQ(error.problems().size(), 2u);
    EXPECT_EQ(error.problems()[0].substr(0, 12), "plan.toml:2:");
    EXPECT_EQ(error.problems()[1].substr(0, 12), "plan.toml:4:");
    EXPECT_EQ(error.what(), error.problems()[0]);
  }
}

TEST(Plan, APlanMadeInCodeIsCheckedWithoutLines) {
  Plan plan;
  plan.topology.clients = 0;
  EXPECT_EQ(message([&] { check_plan(plan, "my plan"); }),
            "my plan: topology.clients is 0; allowed: 1 to 60000");
  EXPECT_NO_THROW(check_plan(Plan{}));
}

TEST(Schema, IsDocumentedKeyByKey) {
  expect_golden("plan_keys.md", describe_schema());
}

}  // namespace
}  // namespace poise::scenario
