// Laws of attribution: which fault broke a flow, told from a world's facts, and the tables' sums.
#include "model/scenario/summarize.h"

#include <gtest/gtest.h>

#include "model/random.h"
#include "model/scenario/words.h"

namespace poise::scenario {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

Instant at(double second) {
  return Instant{from_seconds(second)};
}

// A run of 10 s with four backends, a spare and two balancers, and flows told by hand.
class Scene : public testing::Test {
 protected:
  Scene() {
    plan_.topology.spares = 1;
    plan_.service.weights = {3};
  }

  void fault(double second, FaultKind kind, const char* target, double lasts = 0) {
    plan_.faults.push_back({from_seconds(second), kind, target, from_seconds(lasts), 0});
  }
  NodeId node(const char* name) const { return *Topology(plan_.topology).find_node(name); }

  // A flow that balancer1 carries to `backend`, still running.
  FlowFacts& flow(double start, const char* backend) {
    FlowFacts& facts = facts_.flows.emplace_back();
    facts.flow = static_cast<std::uint32_t>(facts_.flows.size() - 1);
    facts.client = node("client1");
    facts.start = facts.last_progress = at(start);
    carry(facts, start, "balancer1", backend);
    return facts;
  }
  void carry(FlowFacts& facts, double second, const char* balancer, const char* backend) {
    facts.carries.push_back({at(second), node(balancer), node(backend)});
    facts.seen.push_back(at(second));
  }
  void ends(FlowFacts& facts, double second, Outcome outcome) {
    facts.end = at(second);
    facts.outcome = outcome;
    if (outcome == Outcome::ok) facts.last_progress = at(second);
  }
  RunResult told() const { return summarize(plan_, Topology(plan_.topology), facts_); }
  // "reset moved 0": outcome, cause and fault of the only flow.
  std::string verdict() const {
    const FlowRow row = told().flows.at(0);
    return std::string(to_string(row.outcome)) + " " + std::string(to_string(row.cause)) + " " +
           std::to_string(row.fault);
  }

  Plan plan_;
  RunFacts facts_;
};

TEST_F(Scene, AFlowOfACrashedBackendBrokeBecauseItDied) {
  fault(2, FaultKind::crash, "backend2");
  FlowFacts& facts = flow(1, "backend2");
  facts.last_progress = at(1.9);
  EXPECT_EQ(verdict(), "stalled backend_died 0");
}

TEST_F(Scene, AFlowOpenedTowardsADeadBackendBrokeBecauseItDied) {
  fault(2, FaultKind::crash, "backend2");
  flow(2.1, "backend2");
  EXPECT_EQ(verdict(), "stalled backend_died 0");
}

TEST_F(Scene, AFlowMovedAwayFromADeadBackendBrokeBecauseItDied) {
  fault(2, FaultKind::crash, "backend2");
  FlowFacts& facts = flow(1, "backend2");
  carry(facts, 2.4, "balancer1", "backend3");
  ends(facts, 2.41, Outcome::reset);
  EXPECT_EQ(verdict(), "reset backend_died 0");
}

TEST_F(Scene, AFlowMovedAwayFromALivingBackendBrokeBecauseItMoved) {
  fault(2, FaultKind::crash, "backend2");
  FlowFacts& facts = flow(1, "backend1");
  carry(facts, 2.4, "balancer1", "backend3");
  ends(facts, 2.41, Outcome::reset);
  EXPECT_EQ(verdict(), "reset moved 0");
}

TEST_F(Scene, TheLatestMembershipFaultBeforeTheMoveIsBlamed) {
  fault(2, FaultKind::pause, "backend4");
  fault(3, FaultKind::join, "backend5");
  fault(3.5, FaultKind::slow, "client1-leaf1");
  fault(3.6, FaultKind::link_down, "leaf1-spine1");
  fault(5, FaultKind::drain, "backend3");
  FlowFacts& facts = flow(1, "backend1");
  carry(facts, 4, "balancer1", "backend5");
  ends(facts, 4.1, Outcome::reset);
  EXPECT_EQ(verdict(), "reset moved 1");
}

TEST_F(Scene, ABalancersDeathMovesFlowsWhenTheOtherChoosesAnew) {
  fault(2, FaultKind::crash, "balancer1");
  FlowFacts& facts = flow(1, "backend1");
  carry(facts, 2.3, "balancer2", "backend4");
  ends(facts, 2.31, Outcome::reset);
  EXPECT_EQ(verdict(), "reset moved 0");
}

TEST_F(Scene, AnotherBalancerWithTheSameChoiceIsNoMove) {
  fault(2, FaultKind::crash, "balancer1");
  FlowFacts& facts = flow(1, "backend1");
  carry(facts, 2.3, "balancer2", "backend1");
  ends(facts, 3, Outcome::ok);
  EXPECT_EQ(verdict(), "ok none -1");
  EXPECT_EQ(told().flows[0].moves, 0u);
}

TEST_F(Scene, ACrashAfterTheBreakIsNotBlamed) {
  fault(2, FaultKind::deregister, "backend1");
  fault(4, FaultKind::crash, "backend3");
  FlowFacts& facts = flow(1, "backend1");
  carry(facts, 2.4, "balancer1", "backend3");
  facts.last_progress = at(2.3);
  EXPECT_EQ(verdict(), "stalled moved 0");
}

TEST_F(Scene, ARestartedBackendStillCostItsFlows) {
  fault(2, FaultKind::crash, "backend2", 1);
  FlowFacts& facts = flow(1, "backend2");
  ends(facts, 3.2, Outcome::reset);
  EXPECT_EQ(verdict(), "reset backend_died 0");
}

TEST_F(Scene, ACrashThatWasOverIsNotBlamed) {
  fault(2, FaultKind::crash, "backend2", 1);
  fault(5, FaultKind::partition, "backend2");
  flow(4, "backend2");
  EXPECT_EQ(verdict(), "stalled unreachable 2");
}

TEST_F(Scene, WithoutAWayAFlowIsUnreachableSinceTheFirstCut) {
  fault(2, FaultKind::drain, "backend4");
  fault(3, FaultKind::link_down, "client1-leaf1");
  fault(4, FaultKind::link_down, "leaf1-spine1");
  FlowFacts& facts = flow(1, "backend1");
  facts.last_progress = at(2.9);
  EXPECT_EQ(verdict(), "stalled unreachable 1");
}

TEST_F(Scene, WithoutAnyFaultNothingIsBlamed) {
  flow(1, "backend1");
  EXPECT_EQ(verdict(), "stalled unexplained -1");
}

TEST_F(Scene, AFaultThatCutsNothingIsNotBlamedForAStall) {
  fault(2, FaultKind::join, "backend13");
  FlowFacts& facts = flow(1, "backend1");
  facts.last_progress = at(5);
  EXPECT_EQ(verdict(), "stalled unexplained -1");
}

TEST_F(Scene, TheDeathOfAnotherFlowsBackendExplainsNothing) {
  fault(2, FaultKind::crash, "backend2");
  fault(3, FaultKind::link_down, "client2-leaf1");
  FlowFacts& facts = flow(1, "backend1");
  facts.last_progress = at(1.9);
  EXPECT_EQ(verdict(), "stalled unexplained -1");
}

TEST_F(Scene, WhatNoBalancerCarriedMayHaveBeenLostAtAnyOfThem) {
  fault(2, FaultKind::crash, "balancer2");
  FlowFacts& facts = flow(2.1, "backend1");
  facts.carries.clear();
  EXPECT_EQ(verdict(), "stalled unreachable 0");
}

TEST_F(Scene, WhatNeverFoundAWayIsBlamedOnTheLatestCutThatStillHeld) {
  fault(1, FaultKind::crash, "backend1");
  fault(2, FaultKind::crash, "backend2");
  fault(2.5, FaultKind::lossy, "backend3-leaf3", 0.1);
  fault(3, FaultKind::link_down, "client2-leaf1");
  fault(3, FaultKind::link_down, "leaf1-spine1", 1);
  FlowFacts& facts = flow(6, "backend1");
  facts.carries.clear();
  EXPECT_EQ(verdict(), "stalled unreachable 1");
}

TEST_F(Scene, WhatStartedAfterTheCutWasMendedIsUnexplained) {
  fault(1, FaultKind::crash, "backend1", 2);
  FlowFacts& facts = flow(6, "backend2");
  facts.carries.clear();
  EXPECT_EQ(verdict(), "stalled unexplained -1");
}

TEST_F(Scene, AFlowThatMakesProgressIsOpen) {
  FlowFacts& facts = flow(1, "backend1");
  facts.last_progress = at(9.5);
  EXPECT_EQ(verdict(), "open none -1");
}

TEST_F(Scene, AFlowThatThinksIsOpen) {
  FlowFacts& facts = flow(1, "backend1");
  facts.waiting = false;
  EXPECT_EQ(verdict(), "open none -1");
  EXPECT_EQ(told().flows[0].longest_stall_ns, 0);
}

TEST_F(Scene, TheWaitAtTheEndIsAStall) {
  FlowFacts& facts = flow(1, "backend1");
  facts.longest_stall = milliseconds{300};
  facts.last_progress = at(7);
  EXPECT_EQ(told().flows[0].longest_stall_ns, 3'000'000'000);
}

TEST_F(Scene, AFaultCountsWhoWasThereWhoCameAgainAndWhoMoved) {
  fault(2, FaultKind::join, "backend5");
  fault(4, FaultKind::pause, "backend4");
  flow(1, "backend1");  // silent afterwards, thinking
  facts_.flows.back().waiting = false;
  FlowFacts& stays = flow(1, "backend1");
  carry(stays, 3, "balancer1", "backend1");
  ends(stays, 3.5, Outcome::ok);
  FlowFacts& moved = flow(1, "backend2");
  carry(moved, 3, "balancer1", "backend5");
  ends(moved, 3.1, Outcome::reset);
  FlowFacts& early = flow(0.5, "backend3");  // over before
  ends(early, 1.5, Outcome::ok);
  FlowFacts& quick = flow(1, "backend5");  // its packet came before the join had taken effect
  carry(quick, 2.1, "balancer2", "backend5");
  quick.waiting = false;
  facts_.effective = {at(2.5)};
  const FaultRow row = told().faults.at(0);
  EXPECT_EQ(row.kind, "join");
  EXPECT_EQ(row.flows_live, 4u);
  EXPECT_EQ(row.flows_on_target, 1u);
  EXPECT_EQ(row.flows_seen_after, 2u);
  EXPECT_EQ(row.flows_moved, 1u);
  EXPECT_EQ(row.flows_broken, 1u);
  EXPECT_EQ(row.broken_moved, 1u);
  EXPECT_EQ(told().faults.at(1).flows_broken, 0u);
}

TEST_F(Scene, TheTimelineAddsUp) {
  plan_.measures.interval = milliseconds{300};  // the last interval is shorter
  fault(2, FaultKind::crash, "backend1");
  Rng rng(4);
  std::uint64_t bytes = 0;
  for (int i = 0; i < 200; ++i) {
    FlowFacts& facts = flow(rng.uniform() * 5, i % 3 ? "backend1" : "backend2");
    if (i % 4 != 0)
      ends(facts, to_seconds(facts.start) + rng.uniform() * 4,
           i % 4 == 1 ? Outcome::ok : Outcome::reset);
    facts_.progress.push_back({at(rng.uniform() * 10), 1000 + rng.below(1000)});
    bytes += facts_.progress.back().bytes;
  }
  facts_.progress.push_back({at(10), 7});
  const RunResult result = told();
  ASSERT_EQ(result.timeline.size(), 34u);
  double bits = 0;
  std::uint32_t started = 0, finished = 0, broken = 0;
  for (std::size_t i = 0; i < result.timeline.size(); ++i) {
    const TimelineRow& row = result.timeline[i];
    bits += row.goodput_bps * (i + 1 < 34 ? 0.3 : 0.1);
    started += row.flows_started;
    finished += row.flows_finished;
    broken += row.flows_broken;
    EXPECT_EQ(row.flows_open, started - finished - broken);
  }
  EXPECT_NEAR(bits, static_cast<double>(bytes + 7) * 8, 1);
  EXPECT_EQ(started, 200u);
  std::uint32_t ok = 0, lost = 0, blamed = 0;
  for (const FlowRow& row : result.flows) {
    ok += row.outcome == Outcome::ok;
    lost += row.outcome != Outcome::ok && row.outcome != Outcome::open;
    blamed += row.outcome != Outcome::ok && row.outcome != Outcome::open && row.fault == 0;
  }
  EXPECT_EQ(finished, ok);
  EXPECT_EQ(broken, lost);
  const FaultRow& crash = result.faults[0];
  EXPECT_EQ(crash.flows_broken, blamed);
  EXPECT_EQ(crash.flows_broken,
            crash.broken_backend_died + crash.broken_moved + crash.broken_unreachable);
}

TEST_F(Scene, BackendsAreCountedByTheirFirstChoice) {
  flow(1, "backend2").bytes = 100;
  FlowFacts& moved = flow(1, "backend2");
  moved.bytes = 11;
  carry(moved, 2, "balancer2", "backend3");
  const RunResult result = told();
  ASSERT_EQ(result.backends.size(), 5u);
  EXPECT_EQ(result.backends[0].weight, 3u);
  EXPECT_EQ(result.backends[1].backend, "backend2");
  EXPECT_EQ(result.backends[1].flows, 2);
  EXPECT_EQ(result.backends[1].bytes, 111);
  EXPECT_EQ(result.backends[2].flows, 0);
  EXPECT_EQ(result.flows[1].moves, 1u);
  EXPECT_EQ(result.flows[1].balancer, "balancer1");
}

}  // namespace
}  // namespace poise::scenario
