// When a fault had taken effect.
#include "model/scenario/effective.h"

#include <algorithm>

namespace poise::scenario {

std::vector<Instant> effective_instants(const Plan& plan, const Topology& topology,
                                        const std::vector<FaultEvent>& faults,
                                        const std::vector<MemberChange>& changes) {
  std::vector<Instant> effective;
  for (std::size_t i = 0; i < faults.size(); ++i) {
    const FaultEvent& fault = faults[i];
    const auto node = topology.find_node(fault.target);
    const bool of_backend = node && topology.nodes()[*node].kind == NodeKind::backend;
    Instant until = kNever;  // the next fault that would change the same
    for (std::size_t j = i + 1; j < faults.size() && until == kNever; ++j)
      if (faults[j].at > fault.at && (!of_backend || faults[j].target == fault.target))
        until = faults[j].at;
    Instant at = of_backend ? fault.at : fault.at + plan.routing.detection;
    for (const MemberChange& change : changes)
      if (change.at >= fault.at && change.at < until &&
          (!node || change.backend == *node || change.balancer == *node))
        at = std::max(at, change.at);
    effective.push_back(at);
  }
  return effective;
}

}  // namespace poise::scenario
