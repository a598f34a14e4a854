// Beginnings and ends of faults in one order.
#include "model/scenario/faults.h"

#include <algorithm>
#include <map>

#include "model/scenario/topology.h"
#include "model/scenario/words.h"

namespace poise::scenario {

std::vector<FaultEvent> expand_faults(const Plan& plan) {
  std::map<std::string_view, double> losses;  // of the links, for the ends of `lossy`
  const Topology topology(plan.topology);
  for (const TopologyLink& link : topology.links()) losses[link.name] = link.spec.loss;

  std::vector<FaultEvent> events;
  for (std::uint32_t i = 0; i < plan.faults.size(); ++i) {
    const FaultSpec& fault = plan.faults[i];
    events.push_back({Instant{} + fault.at, fault.kind, fault.target, fault.value, i, false});
    const std::optional<FaultKind> end = opposite(fault.kind);
    if (!end || fault.lasts == Duration{} || fault.at + fault.lasts >= plan.duration) continue;
    const double value = *end == FaultKind::lossy ? losses[fault.target] : 0;
    events.push_back({Instant{} + fault.at + fault.lasts, *end, fault.target, value, i, true});
  }
  std::stable_sort(events.begin(), events.end(), [](const FaultEvent& a, const FaultEvent& b) {
    return a.at != b.at ? a.at < b.at : a.ends > b.ends;
  });
  return events;
}

}  // namespace poise::scenario
