// What a restarted balancer begins with: the members that were written down last, and the flows
// that survived in the memory of one or several tables.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "model/flow/flow_memory.h"
#include "model/time.h"

namespace poise {

struct MergedSnapshot {
  std::vector<std::uint8_t> bytes;  // for Balancer::on_restore; empty when there is an error
  std::string error;                // of the membership snapshot; empty: none
  std::vector<Survival> regions;    // one for each that was given
  std::uint64_t members = 0;
  std::uint64_t flows = 0;
  std::uint64_t strangers = 0;  // flows of a backend that the membership does not know
  std::uint64_t repeated = 0;   // flows found again, with an older last use
  std::uint64_t lives = 0;      // regions of another life than the membership's, passed over
};

// `membership` is what Balancer::membership_snapshot() or snapshot() wrote, `regions` the memory
// that was lent to the tables of that life; flows may lie in either. A flow that lies in several
// keeps what was used last. Total, and takes memory in proportion to the flows.
MergedSnapshot merge_snapshot(Instant now, std::span<const std::uint8_t> membership,
                              std::span<const std::span<const std::byte>> regions);

}  // namespace poise
