// Orders to backends, and partitions, in the lab: who gets flows meanwhile, and who afterwards.
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include <gtest/gtest.h>

#include "realnet/lab/run.h"
#include "tests/lab/plans.h"

namespace poise::realnet::lab {
namespace {

using namespace labtest;
using scenario::FaultKind;
using scenario::FlowRow;
using scenario::Outcome;
using scenario::Plan;
using scenario::RunResult;

const LabOptions kReal{.daemon = POISED};

// 200 new flows a second from 0.5 s to half a second before the end; one balancer, two backends.
Plan plan_until(Instant end) {
  Plan plan = small_plan(4, 1, 2);
  plan.duration = end.time_since_epoch();
  plan.workload.stop = plan.duration - 500ms;
  plan.workload.rate_per_s = 200;
  return plan;
}

// When the balancer first said it of a backend, at or after an instant; a failure if it did not.
std::int64_t said(const RunResult& result, const std::string& kind, const std::string& subject,
                  Instant from = {}) {
  for (const scenario::NoticeRow& notice : result.notices)
    if (notice.machine == "balancer1" && notice.kind == kind && notice.subject == subject &&
        notice.at_ns >= to_ns(from))
      return notice.at_ns;
  ADD_FAILURE() << "balancer1 never said " << kind << " of " << subject;
  return 0;
}

std::int64_t flows_between(const RunResult& result, const std::string& backend, std::int64_t from,
                           std::int64_t until) {
  return std::count_if(result.flows.begin(), result.flows.end(), [&](const FlowRow& flow) {
    return flow.backend == backend && flow.start_ns > from && flow.start_ns < until;
  });
}

TEST(LabOrders, APausedBackendGetsNoFlowsUntilItIsResumed) {
  Plan plan = plan_until(Instant{4s});
  plan.faults = {fault(1s, FaultKind::pause, "backend1"), fault(2s, FaultKind::resume, "backend1")};
  const RunResult result = run(plan, kReal);
  const std::int64_t paused = said(result, "paused", "backend1");
  const std::int64_t back = said(result, "resumed", "backend1", Instant{2s});
  EXPECT_GE(paused, to_ns(Instant{1s}));
  EXPECT_EQ(flows_between(result, "backend1", paused, to_ns(Instant{2s})), 0);
  EXPECT_GT(flows_between(result, "backend2", paused, to_ns(Instant{2s})), 10);
  EXPECT_GT(flows_between(result, "backend1", back, to_ns(Instant{4s})), 10);
}

TEST(LabOrders, ADeregisteredBackendIsGoneAndTheOthersServeOn) {
  Plan plan = plan_until(Instant{3s});
  plan.faults = {fault(1s, FaultKind::deregister, "backend1")};
  const RunResult result = run(plan, kReal);
  const std::int64_t gone = said(result, "deregistered", "backend1");
  EXPECT_GE(gone, to_ns(Instant{1s}));
  EXPECT_EQ(flows_between(result, "backend1", gone, to_ns(Instant{3s})), 0);
  for (const FlowRow& flow : result.flows)
    EXPECT_TRUE(flow.start_ns <= gone || flow.outcome == Outcome::ok) << flow.flow;
}

TEST(LabOrders, APartitionShorterThanTheTimeoutStallsFlowsAndBreaksNone) {
  Plan plan = plan_until(Instant{4s});
  plan.control.timeout = 2s;
  plan.measures.stall = 3s;
  plan.faults = {fault(1s, FaultKind::partition, "backend1", 300ms)};
  const RunResult result = run(plan, kReal);
  Duration longest{};
  for (const FlowRow& flow : result.flows) {
    EXPECT_EQ(flow.outcome, Outcome::ok) << flow.flow;
    if (flow.backend == "backend1")
      longest = std::max(longest, Duration{flow.longest_stall_ns});
    else
      EXPECT_LT(flow.longest_stall_ns, to_ns(Instant{250ms})) << flow.flow;
  }
  EXPECT_GE(longest, Duration{250ms});
}

TEST(LabOrders, APartitionedBackendIsDownAndServesAgainOnceItIsHealed) {
  Plan plan = plan_until(Instant{7s});
  plan.faults = {fault(1s, FaultKind::partition, "backend1"),
                 fault(3s, FaultKind::heal, "backend1")};
  const RunResult result = run(plan, kReal);
  const std::int64_t down = said(result, "down", "backend1");
  const std::int64_t back = said(result, "active", "backend1", Instant{3s});
  EXPECT_GE(down, to_ns(Instant{1s}));
  EXPECT_LT(down, to_ns(Instant{3s}));
  EXPECT_EQ(flows_between(result, "backend1", down, to_ns(Instant{3s})), 0);
  EXPECT_GT(flows_between(result, "backend1", back, to_ns(Instant{7s})), 10);
}

}  // namespace
}  // namespace poise::realnet::lab
