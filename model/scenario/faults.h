// A plan's faults as the timeline that a world carries out.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "model/scenario/plan.h"
#include "model/time.h"

namespace poise::scenario {

struct FaultEvent {
  Instant at;
  FaultKind kind = FaultKind::crash;
  std::string target;
  double value = 0;              // as FaultSpec's
  std::uint32_t plan_index = 0;  // the plan.faults entry it comes from
  bool ends = false;             // it is the end of what that entry began (`lasts`)

  friend bool operator==(const FaultEvent&, const FaultEvent&) = default;
};

// All faults with the ends of those that last, by time; at equal times ends stand before
// beginnings, then in the plan's order. The end of slow and lossy is the same kind with the value
// the link had: 0 added delay, and the link's own loss probability. Ends after the run are left
// out. An event's place in this list is its number in the tables `faults` and `flows`.
std::vector<FaultEvent> expand_faults(const Plan& plan);

}  // namespace poise::scenario
