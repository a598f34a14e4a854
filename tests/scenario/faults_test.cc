// Laws of the fault timeline: what lasts ends, in order, and only within the run.
#include "model/scenario/faults.h"

#include <gtest/gtest.h>

#include "model/scenario/plan_check.h"
#include "model/scenario/problems.h"
#include "model/scenario/words.h"

namespace poise::scenario {
namespace {

using std::chrono::seconds;

std::string told(const std::vector<FaultEvent>& events) {
  std::string text;
  for (const FaultEvent& event : events)
    text += std::to_string(to_ns(event.at) / 1'000'000'000) + " " +
            std::string(to_string(event.kind)) + " " + event.target + (event.ends ? " end" : "") +
            "\n";
  return text;
}

TEST(Faults, WhatLastsEndsWithItsOpposite) {
  Plan plan;
  plan.faults = {{seconds{1}, FaultKind::crash, "backend1", seconds{2}, 0},
                 {seconds{1}, FaultKind::pause, "backend2", seconds{1}, 0},
                 {seconds{2}, FaultKind::partition, "balancer1", seconds{3}, 0},
                 {seconds{4}, FaultKind::link_down, "client1-leaf1", seconds{1}, 0},
                 {seconds{6}, FaultKind::drain, "backend3", {}, 0}};
  EXPECT_EQ(told(expand_faults(plan)),
            "1 crash backend1\n1 pause backend2\n2 resume backend2 end\n2 partition balancer1\n"
            "3 restart backend1 end\n4 link_down client1-leaf1\n5 heal balancer1 end\n5 link_up "
            "client1-leaf1 end\n"
            "6 drain backend3\n");
}

TEST(Faults, EndsComeFirstAtEqualTimes) {
  Plan plan;
  plan.faults = {{seconds{3}, FaultKind::crash, "backend1", {}, 0},
                 {seconds{1}, FaultKind::crash, "backend2", seconds{2}, 0}};
  EXPECT_EQ(told(expand_faults(plan)),
            "1 crash backend2\n3 restart backend2 end\n3 crash backend1\n");
}

TEST(Faults, EndsAfterTheRunAreLeftOut) {
  Plan plan;  // of 10 s
  plan.faults = {{seconds{9}, FaultKind::crash, "backend1", seconds{1}, 0}};
  EXPECT_EQ(told(expand_faults(plan)), "9 crash backend1\n");
}

TEST(Faults, ADrainMayBeTakenBackOrMadeAPauseButNotRepeated) {
  using Kinds = std::vector<FaultKind>;
  using enum FaultKind;
  const auto is_allowed = [](const Kinds& kinds) {
    Plan plan;
    for (const FaultKind kind : kinds)
      plan.faults.push_back(
          {seconds{1} * static_cast<int>(plan.faults.size() + 1), kind, "backend1", {}, 0});
    Problems problems("plan.toml");
    check_faults(plan, problems);
    return problems.empty();
  };
  for (const Kinds& kinds :
       {Kinds{drain, resume, drain}, Kinds{drain, pause, resume}, Kinds{pause, resume, pause},
        Kinds{drain, crash, restart, drain}, Kinds{pause, crash, restart, pause}})
    EXPECT_TRUE(is_allowed(kinds)) << to_string(kinds[0]) << " " << to_string(kinds[1]);
  for (const Kinds& kinds : {Kinds{drain, drain}, Kinds{pause, drain}, Kinds{pause, pause},
                             Kinds{resume}, Kinds{drain, resume, resume}})
    EXPECT_FALSE(is_allowed(kinds)) << to_string(kinds[0]);
}

TEST(Faults, ALinkGetsItsOwnValuesBack) {
  Plan plan;
  plan.topology.client_link.loss = 0.25;
  plan.faults = {{seconds{1}, FaultKind::lossy, "client1-leaf1", seconds{1}, 0.9},
                 {seconds{1}, FaultKind::slow, "client1-leaf1", seconds{1}, 0.05}};
  const std::vector<FaultEvent> events = expand_faults(plan);
  ASSERT_EQ(events.size(), 4u);
  EXPECT_EQ(events[0].value, 0.9);
  EXPECT_EQ(events[2].value, 0.25);
  EXPECT_EQ(events[2].plan_index, 0u);
  EXPECT_EQ(events[3].kind, FaultKind::slow);
  EXPECT_EQ(events[3].value, 0);
  EXPECT_EQ(events[3].plan_index, 1u);
}

}  // namespace
}  // namespace poise::scenario
