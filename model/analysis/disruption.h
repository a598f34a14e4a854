// What a policy costs: how unevenly it loads backends, and whose flows it moves when backends die.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "model/backend_id.h"
#include "model/policy/policy.h"

namespace poise::analysis {

// The fullest backend's load over the mean load; 1 is perfect. REQUIRES: not empty, not all zero.
double max_over_mean(std::span<const std::uint32_t> loads);

// How many entries each of `backend_count` backends owns.
std::vector<std::uint32_t> loads_of(std::span<const BackendIndex> owners,
                                    std::size_t backend_count);

// backend-0 to backend-(count - 1) of weight 1, sorted by name as a BackendSet gives them; the
// number in the name is the index.
std::vector<policy::Candidate> numbered_candidates(std::uint32_t count);

// The owner of every entry: of the slots of a Maglev table, exactly; of any other policy, for
// `flow_count` flows with evenly mixed hashes, the same at every call. REQUIRES: the policy is
// consistent.
std::vector<BackendIndex> owners_of(policy::Policy& policy, std::uint32_t flow_count);

// Shares of all entries.
struct Change {
  double changed = 0;  // that have another owner than before
  double excess = 0;   // of these, whose owner before is still there: broken without need
};
// REQUIRES: as many owners before as after.
Change change_between(std::span<const BackendIndex> before, std::span<const BackendIndex> after,
                      std::span<const BackendIndex> failed);

// The experiment of the Maglev paper's Fig. 12: of `backends`, `failures` random ones fail at once.
struct DisruptionSetting {
  policy::Config policy;  // its seed is replaced by one for every repeat
  std::uint32_t backends = 1000;
  std::uint32_t failures = 1;
  std::uint32_t repeats = 200;
  std::uint64_t seed = 1;
  std::uint32_t flow_count = 65537;  // sampled, where the policy has no table
};
// One Change a repeat. Throws std::invalid_argument for a bad policy, an inconsistent one, or when
// failures >= backends.
std::vector<Change> disruption(const DisruptionSetting& setting);

// The experiment of the paper's Fig. 11: max/mean - 1 over all backends, a value a repeat.
struct OverprovisionSetting {
  policy::Config policy;  // or kind "karger": the paper's other yardstick, see karger_table
  std::uint32_t backends = 1000;
  std::uint32_t repeats = 10;
  std::uint64_t seed = 1;
  std::uint32_t flow_count = 65537;  // entries, where the policy has no table
  std::uint32_t views = 1000;        // karger only
};
std::vector<double> overprovision(const OverprovisionSetting& setting);

// Karger's consistent hashing into a table: in every view each backend in turn claims one random
// entry, and the first to come keeps it; an entry that nobody claimed belongs to the owner of the
// next. (Karger et al., STOC 1997; of several readings of the paper's Fig. 11 the one that gives
// its numbers.)
std::vector<BackendIndex> karger_table(std::uint32_t size, std::uint32_t backends,
                                       std::uint32_t views, std::uint64_t seed);

}  // namespace poise::analysis
