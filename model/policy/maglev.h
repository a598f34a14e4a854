// Maglev hashing as a policy; the profiles of other balancers differ in a few rules.
//
// Eisenbud et al.: "Maglev: A Fast and Reliable Software Network Load Balancer", NSDI 2016,
// section 3.4.
#pragma once

#include <string_view>
#include <vector>

#include "model/policy/fill_table.h"
#include "model/policy/policy.h"

namespace poise::policy {

// What tells Poise's own Maglev and the profiles of other balancers apart.
struct MaglevRules {
  // The permutation of a name. REQUIRES of it: a function of its arguments alone.
  Permutation (*permutation)(std::string_view name, std::uint64_t seed, std::uint32_t size);
  TurnRule turn_rule = TurnRule::at_least_one;
  // In which order backends take turns: by this hash of the name, or by name when there is none.
  std::uint64_t (*order)(std::string_view name) = nullptr;
  // A flow's slot is its hash modulo the size; otherwise reduce(), which is faster.
  bool modulo = false;
};

class Maglev final : public Policy {
 public:
  // REQUIRES: config.table_size is a prime up to kTableSizeMax.
  Maglev(const Config& config, const MaglevRules& rules);

  void rebuild(std::span<const Candidate> candidates) override;
  BackendIndex choose(std::uint64_t flow_hash, std::span<const std::uint32_t> flow_counts,
                      Rng& rng) noexcept override;
  bool is_consistent() const override { return true; }
  std::uint64_t digest() const override;

  // The owner of every slot, as the index of its candidate; empty without candidates.
  std::span<const BackendIndex> table() const { return table_; }

 private:
  MaglevRules rules_;
  std::uint64_t seed_;
  std::uint32_t size_;
  std::vector<BackendIndex> table_;
};

}  // namespace poise::policy
