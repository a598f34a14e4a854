// What clients see when parts fail, in ns-3: who breaks, who does not, and how long they wait.

#include <cstdint>
#include <string>
#include <string_view>
#include <tuple>

#include <gtest/gtest.h>

#include "model/scenario/topology.h"
#include "sim/ns3/run.h"
#include "tests/ns3/plans.h"

namespace poise::ns3world {
namespace {

using namespace ns3test;
using scenario::Cause;
using scenario::FaultKind;
using scenario::FlowRow;
using scenario::Outcome;
using scenario::Plan;
using scenario::RunResult;

bool broke(const FlowRow& flow) {
  return flow.outcome == Outcome::reset || flow.outcome == Outcome::timeout ||
         flow.outcome == Outcome::stalled;
}

// The name of a host's only link.
std::string client_link(const Plan& plan, std::string_view host) {
  const scenario::Topology topology(plan.topology);
  return topology.links()[topology.neighbours(*topology.find_node(host))[0].link].name;
}

// Slow, long flows, so that many are open at any instant: each asks 20 times with pauses between.
Plan busy_plan() {
  Plan plan = small_plan(6, 3, 4);
  plan.duration = 8s;
  plan.workload.stop = 5s;
  plan.workload.rate_per_s = 40;
  plan.workload.requests = 20;
  plan.workload.think = 100ms;
  plan.workload.size_bytes = 2000;
  return plan;
}

TEST(Ns3Failover, ABackendsDeathBreaksItsFlowsAndNoOthers) {
  Plan plan = busy_plan();
  plan.faults = {{3s, FaultKind::crash, "backend2", {}, 0}};
  const RunResult result = run_forked(plan);
  int broken = 0;
  for (const FlowRow& flow : result.flows) {
    if (!broke(flow)) continue;
    ++broken;
    EXPECT_EQ(flow.backend, "backend2") << flow.flow;
    EXPECT_EQ(flow.cause, Cause::backend_died) << flow.flow;
    EXPECT_EQ(flow.fault, 0) << flow.flow;
  }
  EXPECT_GT(broken, 5);
  EXPECT_EQ(result.faults[0].broken_backend_died, static_cast<std::uint32_t>(broken));
}

TEST(Ns3Failover, ABalancersDeathBreaksNoFlowUnderMaglev) {
  for (const bool tracking : {true, false}) {
    Plan plan = busy_plan();
    plan.policy.tracking = tracking;
    plan.faults = {{3s, FaultKind::crash, "balancer2", {}, 0}};
    const RunResult result = run_forked(plan);
    EXPECT_GT(result.faults[0].flows_on_target, 10u);
    EXPECT_EQ(result.faults[0].flows_moved, 0u);
    for (const FlowRow& flow : result.flows) EXPECT_FALSE(broke(flow)) << flow.flow;
  }
}

TEST(Ns3Failover, ABalancersDeathBreaksItsFlowsUnderRoundRobinAndNoOthers) {
  Plan plan = busy_plan();
  plan.policy.kind = "round_robin";
  plan.faults = {{3s, FaultKind::crash, "balancer2", {}, 0}};
  const RunResult result = run_forked(plan);
  int broken = 0;
  for (const FlowRow& flow : result.flows) {
    if (!broke(flow)) continue;
    ++broken;
    EXPECT_EQ(flow.balancer, "balancer2") << flow.flow;
    EXPECT_EQ(flow.outcome, Outcome::reset) << flow.flow;
    EXPECT_EQ(flow.cause, Cause::moved) << flow.flow;
    EXPECT_GE(flow.moves, 1u) << flow.flow;
  }
  EXPECT_GT(broken, 5);
}

TEST(Ns3Failover, ResilientEcmpMovesNoFlowOfALivingBalancerAndModuloDoes) {
  Plan plan = busy_plan();
  plan.policy.kind = "round_robin";  // so that every flow that changes its balancer breaks
  plan.faults = {{3s, FaultKind::crash, "balancer2", {}, 0}};
  const auto others_broken = [](const RunResult& result) {
    std::size_t broken = 0;
    for (const FlowRow& flow : result.flows) broken += broke(flow) && flow.balancer != "balancer2";
    return broken;
  };
  EXPECT_EQ(others_broken(run_forked(plan)), 0u);
  plan.routing.ecmp = "modulo";
  EXPECT_GT(others_broken(run_forked(plan)), 5u);
}

TEST(Ns3Failover, ADrainBreaksNothingAndTakesNewFlowsAway) {
  Plan plan = busy_plan();
  plan.faults = {{3s, FaultKind::drain, "backend1", {}, 0}};
  const RunResult result = run_forked(plan);
  for (const FlowRow& flow : result.flows) {
    EXPECT_FALSE(broke(flow)) << flow.flow;
    if (flow.start_ns > 3'100'000'000) {
      EXPECT_NE(flow.backend, "backend1") << flow.flow;
    }
  }
}

TEST(Ns3Failover, AJoiningBackendGetsFlowsAndWithTrackingBreaksNone) {
  Plan plan = busy_plan();
  plan.topology.spares = 1;
  plan.faults = {{3s, FaultKind::join, "backend5", {}, 0}};
  const RunResult tracked = run_forked(plan);
  EXPECT_GT(tracked.backends[4].flows, 3);
  for (const FlowRow& flow : tracked.flows) EXPECT_FALSE(broke(flow)) << flow.flow;

  // hash mod N, stateless: N/(N+1) of the live flows move, and a moved flow is reset.
  plan.policy.kind = "hash_mod_n";
  plan.policy.tracking = false;
  const RunResult stateless = run_forked(plan);
  const scenario::FaultRow& fault = stateless.faults[0];
  ASSERT_GT(fault.flows_seen_after, 40u);
  EXPECT_NEAR(static_cast<double>(fault.flows_moved) / fault.flows_seen_after, 0.8, 0.15);
  EXPECT_EQ(fault.broken_moved, fault.flows_broken);
  EXPECT_GT(fault.flows_broken, 30u);
}

TEST(Ns3Failover, ARestartedBackendResetsTheFlowsItForgotAndServesNewOnes) {
  Plan plan = busy_plan();
  plan.control.timeout = 2s;  // the balancers do not notice: the flows stay where they are
  plan.faults = {{3s, FaultKind::crash, "backend2", 300ms, 0}};
  const RunResult result = run_forked(plan);
  std::size_t reset = 0, later = 0;
  for (const FlowRow& flow : result.flows) {
    if (flow.outcome == Outcome::reset) {
      EXPECT_EQ(flow.backend, "backend2") << flow.flow;
      ++reset;
    }
    later += flow.backend == "backend2" && flow.start_ns > 4'000'000'000;
  }
  EXPECT_GT(reset, 5u);
  EXPECT_GT(later, 3u);
}

TEST(Ns3Failover, ABalancerThatReturnsServesAgain) {
  Plan plan = busy_plan();
  plan.faults = {{2s, FaultKind::crash, "balancer2", 1s, 0}};
  const RunResult result = run_forked(plan);
  std::size_t later = 0;
  for (const FlowRow& flow : result.flows)
    later += flow.balancer == "balancer2" && flow.outcome == Outcome::ok &&
             flow.start_ns > 4'000'000'000;
  EXPECT_GT(later, 3u);
}

TEST(Ns3Failover, FaultsOfLinksDoWhatTheySay) {
  Plan plan = busy_plan();
  plan.faults = {{2s, FaultKind::link_down, "", 400ms, 0},
                 {3s, FaultKind::slow, "", 500ms, 0.05},
                 {4s, FaultKind::lossy, "", 500ms, 0.3}};
  for (scenario::FaultSpec& fault : plan.faults) fault.target = client_link(plan, "client1");
  const RunResult result = run_forked(plan);
  EXPECT_GT(counter(result, "world", "lost_no_carrier"), 0);
  EXPECT_GT(counter(result, "world", "lost_on_link"), 0);
  for (const FlowRow& flow : result.flows) EXPECT_FALSE(broke(flow)) << flow.flow;
}

TEST(Ns3Failover, APartitionedBackendLosesItsFlowsAndHeals) {
  Plan plan = busy_plan();
  plan.workload.stop = 8s;
  plan.duration = 11s;
  plan.faults = {{3s, FaultKind::partition, "backend3", 1s, 0}};
  const RunResult result = run_forked(plan);
  std::size_t later = 0;
  for (const FlowRow& flow : result.flows) {
    if (broke(flow)) {
      EXPECT_EQ(flow.backend, "backend3") << flow.flow;
    }
    later += flow.backend == "backend3" && flow.start_ns > 7'000'000'000;
  }
  EXPECT_GT(later, 0u);
}

// ns-3's own TCP echoes an old timestamp once a server answers requests, and takes the pauses for
// round trips: its timeout grows to seconds.
TEST(Ns3Failover, PausesBetweenRequestsDoNotLengthenTheTimeout) {
  Plan plan = small_plan(1, 1, 1);
  plan.duration = 10s;
  plan.workload.flow_count_max = 1;
  plan.workload.rate_per_s = 100;
  plan.workload.requests = 200;
  plan.workload.think = 25ms;
  plan.routing.detection = 0ms;
  plan.faults = {{3s, FaultKind::link_down, client_link(plan, "client1"), 150ms, 0}};
  const RunResult result = run_forked(plan);
  ASSERT_EQ(result.flows.size(), 1u);
  EXPECT_EQ(result.flows[0].outcome, Outcome::ok);
  EXPECT_GT(result.flows[0].longest_stall_ns, 150'000'000);
  EXPECT_LT(result.flows[0].longest_stall_ns, 260'000'000);
}

// The longest gap of a sender of 500 bytes every 4 ms is b(2^k - 1), b its retransmission timeout
// of 200 ms, for the smallest k that outlasts the outage.
class Ns3Staircase : public testing::TestWithParam<std::tuple<double, const char*>> {};

TEST_P(Ns3Staircase, TheLongestStallIsAStep) {
  const auto [outage, direction] = GetParam();
  Plan plan = small_plan(1, 1, 1);
  plan.topology.client_link = link(500us);
  plan.duration = 30s;
  plan.workload.flow_count_max = 1;
  plan.workload.rate_per_s = 100;
  plan.workload.direction = direction;
  plan.workload.size_bytes = 500 * 250 * 10;
  plan.workload.message_bytes = 500;
  plan.workload.message_interval = 4ms;
  plan.routing.detection = 0ms;
  plan.faults = {{3s, FaultKind::link_down, client_link(plan, "client1"), from_seconds(outage), 0}};
  const RunResult result = run_forked(plan);
  ASSERT_EQ(result.flows.size(), 1u);
  EXPECT_EQ(result.flows[0].outcome, Outcome::ok);
  double step = 0.2;
  while (step < outage) step = 2 * step + 0.2;
  EXPECT_NEAR(static_cast<double>(result.flows[0].longest_stall_ns) * 1e-9 / step, 1, 0.01)
      << "outage " << outage << " s, step " << step << " s";
}

INSTANTIATE_TEST_SUITE_P(Outages, Ns3Staircase,
                         testing::Combine(testing::Values(0.4, 1.0, 2.2, 6.5),
                                          testing::Values("upload", "download")));

}  // namespace
}  // namespace poise::ns3world
