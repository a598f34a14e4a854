// Laws of schedules: functions of seed and run, common to all policies, ports never shared.
#include "model/scenario/workload.h"

#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <set>

namespace poise::scenario {
namespace {

Plan open_plan() {
  Plan plan;
  plan.duration = std::chrono::seconds{100};
  plan.workload.rate_per_s = 100;
  plan.workload.sizes = "fb_hadoop";
  return plan;
}

Plan closed_plan(std::uint32_t concurrency) {
  Plan plan;
  plan.workload.arrivals = "closed";
  plan.workload.concurrency = concurrency;
  plan.workload.sizes = "websearch";
  return plan;
}

TEST(Schedule, IsAFunctionOfSeedAndRun) {
  const Plan plan = open_plan();
  Plan other_seed = plan, other_run = plan;
  other_seed.seed = 2;
  other_run.run = 2;
  EXPECT_EQ(schedule(plan, 16), schedule(plan, 16));
  EXPECT_NE(schedule(plan, 16), schedule(other_seed, 16));
  EXPECT_NE(schedule(plan, 16), schedule(other_run, 16));
}

TEST(Schedule, DoesNotDependOnPolicyBackendsOrFaults) {
  const Plan plan = open_plan();
  Plan other = plan;
  other.policy.kind = "random";
  other.policy.tracking = false;
  other.topology.backends = 40;
  other.topology.shape = Shape::wan;
  other.faults.push_back({std::chrono::seconds{3}, FaultKind::crash, "backend1", {}, 0});
  EXPECT_EQ(schedule(plan, 16), schedule(other, 16));
}

TEST(Schedule, SizesAndClientsStayWhenTheRateChanges) {
  const Plan plan = open_plan();
  Plan faster = plan;
  faster.workload.rate_per_s *= 2;
  const auto a = schedule(plan, 16), b = schedule(faster, 16);
  ASSERT_GT(b.size(), a.size());
  for (std::size_t i = 0; i < a.size(); ++i) {
    EXPECT_EQ(a[i].sizes, b[i].sizes);
    EXPECT_EQ(a[i].client, b[i].client);
    EXPECT_EQ(a[i].source_port, b[i].source_port);
  }
}

TEST(Schedule, ArrivesAtTheRateInOrderWithinTheWindow) {
  Plan plan = open_plan();
  plan.workload.start = std::chrono::seconds{10};
  plan.workload.stop = std::chrono::seconds{90};
  const auto flows = schedule(plan, 4);
  EXPECT_NEAR(static_cast<double>(flows.size()), 8000, 4 * std::sqrt(8000));
  Instant before{std::chrono::seconds{10}};
  for (const ScheduledFlow& flow : flows) {
    EXPECT_GE(flow.start, before);
    before = flow.start;
  }
  EXPECT_LT(before, Instant{std::chrono::seconds{90}});
}

TEST(Schedule, SpreadsOverClientsEvenly) {
  std::map<std::uint32_t, int> counts;
  const auto flows = schedule(open_plan(), 8);
  for (const ScheduledFlow& flow : flows) ++counts[flow.client];
  ASSERT_EQ(counts.size(), 8u);
  const double mean = static_cast<double>(flows.size()) / 8;
  for (const auto& [client, count] : counts)
    EXPECT_NEAR(count, mean, 4 * std::sqrt(mean)) << client;
}

TEST(Schedule, APortComesAgainOnlyAfterAllOthers) {
  Plan plan = open_plan();
  plan.duration = std::chrono::seconds{120};
  plan.workload.rate_per_s = 1000;
  plan.workload.sizes = "fixed";
  const auto flows = schedule(plan, 1);
  ASSERT_GT(flows.size(), 110000u);
  for (std::size_t i = 0; i < flows.size(); ++i) {
    EXPECT_GE(flows[i].source_port, kSourcePortFirst);
    EXPECT_LT(flows[i].source_port, kSourcePortFirst + kSourcePortCount);
    if (i >= kSourcePortCount) {
      ASSERT_EQ(flows[i].source_port, flows[i - kSourcePortCount].source_port);
    }
    if (i > 0) {
      ASSERT_NE(flows[i].source_port, flows[i - 1].source_port);
    }
  }
}

TEST(Schedule, HasAPauseBetweenRequests) {
  Plan plan = open_plan();
  plan.workload.requests = 5;
  plan.workload.think = std::chrono::milliseconds{20};
  double sum = 0;
  std::size_t count = 0;
  for (const ScheduledFlow& flow : schedule(plan, 4)) {
    ASSERT_EQ(flow.sizes.size(), 5u);
    ASSERT_EQ(flow.thinks.size(), 4u);
    for (const Duration think : flow.thinks) sum += to_seconds(think);
    count += 4;
  }
  EXPECT_NEAR(sum / static_cast<double>(count), 0.020,
              4 * 0.020 / std::sqrt(static_cast<double>(count)));
}

TEST(Schedule, StopsAtTheCount) {
  Plan plan = open_plan();
  plan.workload.flow_count_max = 17;
  EXPECT_EQ(schedule(plan, 4).size(), 17u);
}

TEST(Schedule, SpreadsOverVips) {
  Plan plan = open_plan();
  plan.service.vips.push_back({Address::v4(0x0aff0002), 443, "tcp"});
  std::set<std::uint32_t> vips;
  for (const ScheduledFlow& flow : schedule(plan, 4)) vips.insert(flow.vip);
  EXPECT_EQ(vips, (std::set<std::uint32_t>{0, 1}));
}

TEST(ClosedLoop, WhatASlotDoesDoesNotDependOnWhen) {
  const Plan plan = closed_plan(6);
  ClosedLoop in_turn(plan, 4), by_slot(plan, 4);
  std::map<std::uint32_t, ScheduledFlow> first;
  for (int round = 0; round < 5; ++round)
    for (std::uint32_t slot = 0; slot < 6; ++slot) {
      const auto flow = in_turn.next(slot, Instant{std::chrono::milliseconds{round}});
      first[flow->flow] = *flow;
    }
  for (std::uint32_t slot = 0; slot < 6; ++slot)
    for (int round = 0; round < 5; ++round) {
      const auto flow = by_slot.next(slot, Instant{std::chrono::milliseconds{7}});
      ScheduledFlow wanted = first.at(flow->flow);
      wanted.start = flow->start;
      EXPECT_EQ(*flow, wanted);
    }
}

TEST(ClosedLoop, SlotsOfAClientNeverShareAPort) {
  for (const std::uint32_t concurrency : {1u, 7u, 100u, 999u}) {
    ClosedLoop loop(closed_plan(concurrency), 4);
    std::map<std::pair<std::uint32_t, std::uint16_t>, std::uint32_t> owners;
    for (std::uint32_t slot = 0; slot < concurrency; ++slot)
      for (int round = 0; round < 400; ++round) {
        const auto flow = loop.next(slot, Instant{});
        const auto [owner, is_new] =
            owners.emplace(std::pair(flow->client, flow->source_port), slot);
        ASSERT_TRUE(is_new || owner->second == slot) << concurrency;
        ASSERT_LT(flow->source_port, kSourcePortFirst + kSourcePortCount);
      }
  }
}

TEST(ClosedLoop, EndsWithTimeOrCount) {
  Plan plan = closed_plan(2);
  plan.workload.flow_count_max = 3;
  ClosedLoop loop(plan, 1);
  EXPECT_TRUE(loop.next(0, Instant{}));
  EXPECT_TRUE(loop.next(0, Instant{}));
  EXPECT_FALSE(loop.next(0, Instant{}));
  EXPECT_FALSE(loop.next(1, Instant{plan.duration}));
  EXPECT_TRUE(loop.next(1, Instant{plan.duration - Duration{1}}));
}

TEST(Streams, ArePerPurposeAndIndex) {
  const Plan plan;
  std::set<std::uint64_t> firsts;
  for (const Stream purpose : {Stream::arrivals, Stream::loss, Stream::balancer, Stream::world})
    for (std::uint64_t index = 0; index < 50; ++index)
      firsts.insert(stream(plan, purpose, index).next());
  EXPECT_EQ(firsts.size(), 200u);
}

}  // namespace
}  // namespace poise::scenario
