// The lab's network, hosts and faults, without balancers: their hosts serve the VIP themselves.
#include <chrono>
#include <cstdlib>
#include <string>

#include <gtest/gtest.h>

#include "model/scenario/workload.h"
#include "realnet/lab/run.h"
#include "tests/lab/plans.h"

namespace poise::realnet::lab {
namespace {

using namespace labtest;
using scenario::FaultKind;
using scenario::Outcome;
using scenario::Plan;
using scenario::RunResult;

const LabOptions kBare{.without_balancers = true};

// One flow that sends 500 bytes every 4 ms to the one host behind the VIP.
Plan plan_of_one_sender() {
  Plan plan = small_plan(1, 1, 1);
  plan.workload.arrivals = "closed";
  plan.workload.flow_count_max = 1;
  plan.workload.size_bytes = 3e6;
  plan.workload.direction = "upload";
  plan.workload.message_bytes = 500;
  plan.workload.message_interval = 4ms;
  plan.workload.start = 100ms;
  plan.workload.stop = {};
  plan.routing.detection = {};
  return plan;
}

TEST(LabNetwork, CarriesTheFlowsOfTheScheduleFromTheirSourcePorts) {
  const Plan plan = small_plan(4, 2, 2);
  const RunResult result = run(plan, kBare);
  const auto schedule = scenario::schedule(plan, 4);
  ASSERT_EQ(result.flows.size(), schedule.size());
  for (std::size_t i = 0; i < schedule.size(); ++i) {
    EXPECT_EQ(result.flows[i].source_port, schedule[i].source_port);
    EXPECT_EQ(result.flows[i].bytes, 10000);
    EXPECT_EQ(result.flows[i].outcome, Outcome::ok);
    EXPECT_NEAR(static_cast<double>(result.flows[i].start_ns),
                static_cast<double>(to_ns(schedule[i].start)), 50e6);
  }
}

TEST(LabNetwork, StallsAFlowByTheRetransmissionTimeoutThatItMeasured) {
  Plan plan = plan_of_one_sender();
  plan.faults = {fault(500ms, FaultKind::link_down, "client1-leaf1", 400ms)};
  const RunResult result = run(plan, kBare);
  ASSERT_EQ(result.flows.size(), 1u);
  double timeout = 0;
  for (const scenario::NoticeRow& notice : result.notices)
    if (notice.kind == "rto_ns") timeout = std::atof(notice.detail.c_str());
  ASSERT_GT(timeout, 0);
  const double steps = static_cast<double>(result.flows[0].longest_stall_ns) / timeout;
  EXPECT_GT(steps, 2.9);  // the second attempt: 2^2 - 1
  EXPECT_LT(steps, 3.6);  // and what the kernel's timers add
}

TEST(LabNetwork, ResetsNothingWhenAHostDiesAndMovesItsFlowsWhenTheRoutersNotice) {
  Plan plan = small_plan(4, 2, 1);
  plan.workload.requests = 8;
  plan.workload.think = 100ms;
  plan.routing.detection = 200ms;
  plan.duration = 3s;
  plan.workload.rate_per_s = 40;
  plan.faults = {fault(1s, FaultKind::crash, "balancer1")};
  const RunResult result = run(plan, kBare);
  std::size_t reset = 0;
  for (const scenario::FlowRow& flow : result.flows) {
    if (flow.outcome != Outcome::reset) continue;
    ++reset;  // by the other host, which did not know it
    EXPECT_GT(flow.end_ns, to_ns(Instant{1200ms}));
  }
  EXPECT_GT(reset, 0u);
  EXPECT_GT(count(result, Outcome::ok), 10u);
  EXPECT_EQ(count(result, Outcome::timeout), 0u);
}

TEST(LabNetwork, LosesSomePacketsOnALossyLinkAndNoFlow) {
  Plan plan = plan_of_one_sender();
  plan.workload.direction = "download";
  plan.workload.size_bytes = 200000;
  plan.workload.message_bytes = 0;
  plan.workload.message_interval = {};
  plan.workload.arrivals = "open";
  plan.workload.flow_count_max = 20;
  plan.faults = {fault(0s, FaultKind::lossy, "client1-leaf1", 2s, 0.05)};
  plan.duration = 8s;  // whoever waits at 2 s, as long as that again, comes through then
  const RunResult result = run(plan, kBare);
  std::uint32_t retransmits = 0;
  for (const scenario::FlowRow& flow : result.flows) retransmits += flow.retransmits;
  EXPECT_EQ(result.flows.size(), 20u);
  EXPECT_EQ(count(result, Outcome::ok), 20u);
  EXPECT_GT(retransmits, 0u);
}

TEST(LabNetwork, RefusesAPlanThatItCannotCarryOut) {
  Plan plan = small_plan(1, 1, 1);
  plan.service.vips[0].protocol = "udp";
  EXPECT_THROW(run(plan, kBare), std::invalid_argument);
}

}  // namespace
}  // namespace poise::realnet::lab
