// Seeded chaos in ns-3: any faults of any parts, at any time; runs end, add up and repeat.
#include <cstdint>
#include <iterator>
#include <vector>

#include <gtest/gtest.h>

#include "model/random.h"
#include "model/scenario/plan_toml.h"
#include "model/scenario/topology.h"
#include "model/scenario/words.h"
#include "sim/ns3/run.h"
#include "tests/ns3/plans.h"

namespace poise::ns3world {
namespace {

using namespace ns3test;
using scenario::FaultKind;
using scenario::NodeKind;
using scenario::Plan;
using scenario::RunResult;

scenario::FaultSpec random_fault(Rng& rng, const scenario::Topology& topology) {
  constexpr FaultKind kOfNodes[] = {FaultKind::crash, FaultKind::partition};
  constexpr FaultKind kOfBackends[] = {FaultKind::crash, FaultKind::partition,
                                       FaultKind::pause, FaultKind::resume,
                                       FaultKind::drain, FaultKind::deregister};
  constexpr FaultKind kOfLinks[] = {FaultKind::link_down, FaultKind::slow, FaultKind::lossy};
  scenario::FaultSpec fault;
  fault.at = from_seconds(0.5 + 3 * rng.uniform());
  if (rng.below(3) == 0) {
    fault.kind = kOfLinks[rng.below(std::size(kOfLinks))];
    fault.target = topology.links()[rng.below(topology.links().size())].name;
    fault.value = fault.kind == FaultKind::slow ? 0.02 : 0.2;
  } else {
    const scenario::TopologyNode& node = topology.nodes()[rng.below(topology.nodes().size())];
    fault.kind = node.kind == NodeKind::backend ? kOfBackends[rng.below(std::size(kOfBackends))]
                                                : kOfNodes[rng.below(std::size(kOfNodes))];
    fault.target = node.name;
  }
  if (scenario::opposite(fault.kind) && rng.below(2) == 0)
    fault.lasts = from_seconds(0.01 + rng.uniform());
  if (fault.kind == FaultKind::slow || fault.kind == FaultKind::lossy)
    fault.lasts = from_seconds(0.01 + rng.uniform());
  return fault;
}

Plan stormy_plan(std::uint64_t seed) {
  Rng rng(seed);
  Plan plan = small_plan(4, 3, 4);
  plan.seed = seed;
  plan.topology.shape = rng.below(2) == 0 ? scenario::Shape::leaf : scenario::Shape::clos;
  plan.topology.client_link.loss = 0.005 * static_cast<double>(rng.below(3));
  plan.policy.kind = rng.below(2) == 0 ? "maglev" : "round_robin";
  plan.policy.tracking = rng.below(4) != 0;
  plan.routing.ecmp = rng.below(2) == 0 ? "resilient" : "modulo";
  plan.workload.requests = 1 + static_cast<std::uint32_t>(rng.below(5));
  plan.workload.think = 50ms;
  const scenario::Topology topology(plan.topology);
  // Faults that contradict one another (a crash of what is crashed) are not plans: left out.
  for (std::uint64_t wanted = 1 + rng.below(8); wanted > 0; --wanted) {
    plan.faults.push_back(random_fault(rng, topology));
    try {
      scenario::check_plan(plan);
    } catch (const scenario::PlanError&) {
      plan.faults.pop_back();
    }
  }
  return plan;
}

TEST(Ns3Storm, EndsAddsUpAndRepeatsWhateverFails) {
  std::size_t faults = 0;
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    const Plan plan = stormy_plan(seed);
    faults += plan.faults.size();
    SCOPED_TRACE(scenario::write_plan(plan));
    const RunResult result = run_forked(plan);
    EXPECT_GT(result.flows.size(), 20u);
    std::int64_t carried = 0;
    for (const scenario::FlowRow& flow : result.flows) {
      EXPECT_LE(flow.bytes, flow.bytes_expected) << flow.flow;
      if (flow.outcome == scenario::Outcome::ok) {
        EXPECT_EQ(flow.bytes, flow.bytes_expected) << flow.flow;
        EXPECT_FALSE(flow.backend.empty()) << flow.flow;
      }
      carried += !flow.backend.empty();
    }
    std::int64_t of_backends = 0;
    for (const scenario::BackendRow& backend : result.backends) of_backends += backend.flows;
    EXPECT_EQ(of_backends, carried);
    EXPECT_EQ(counter(result, "world", "lost_bad_checksum"), 0);
    EXPECT_EQ(counter(result, "world", "lost_ttl_expired"), 0);
    if (seed % 4 == 0) {
      EXPECT_EQ(run_forked(plan).fingerprint(), result.fingerprint());
    }
    if (testing::Test::HasFailure()) break;  // one seed is enough to look at
  }
  EXPECT_GT(faults, 40u);
}

}  // namespace
}  // namespace poise::ns3world
