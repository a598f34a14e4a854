// When a fault had taken effect: what a world saw of its balancers' choices decides.
#pragma once

#include <vector>

#include "model/scenario/faults.h"
#include "model/scenario/plan.h"
#include "model/scenario/topology.h"
#include "model/time.h"

namespace poise::scenario {

// A balancer's set of choices changed.
struct MemberChange {
  Instant at;
  NodeId balancer = 0, backend = 0;
};

// By the place in `faults`, for RunFacts. A fault of a backend takes effect when the last balancer
// has changed its choices for it; of anything else, when the routers have changed their ways and
// the balancer (if it is one) its choices.
std::vector<Instant> effective_instants(const Plan& plan, const Topology& topology,
                                        const std::vector<FaultEvent>& faults,
                                        const std::vector<MemberChange>& changes);

}  // namespace poise::scenario
