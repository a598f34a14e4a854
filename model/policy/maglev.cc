// Maglev: every backend has its own permutation of a table's slots, and they take turns in
// claiming.
//
// Eisenbud et al.: "Maglev: A Fast and Reliable Software Network Load Balancer", NSDI 2016,
// section 3.4. Shares are even to one slot, a flow is one multiplication and one read of memory,
// and when a backend leaves nearly all slots of the others stay. The paper does not say how weights
// turn into turns; we use Envoy's rule, because everyone has a first turn, so that no live backend
// starves.
#include "model/policy/maglev.h"

#include <algorithm>
#include <numeric>

#include "model/hash.h"
#include "model/policy/built_in.h"

namespace poise::policy {
namespace {

// Two independent keyed hashes of the name, so that nobody who does not know the seed can aim.
Permutation own_permutation(std::string_view name, std::uint64_t seed, std::uint32_t size) {
  const std::uint64_t offset = siphash24({seed, 0x6f6666736574}, name);
  const std::uint64_t skip = siphash24({seed, 0x736b6970}, name);
  return {static_cast<std::uint32_t>(offset % size),
          static_cast<std::uint32_t>(skip % (size - 1)) + 1};
}

std::vector<std::uint32_t> in_turn_order(const MaglevRules& rules,
                                         std::span<const Candidate> candidates) {
  std::vector<std::uint32_t> order(candidates.size());
  std::iota(order.begin(), order.end(), 0u);
  if (!rules.order) return order;
  std::stable_sort(order.begin(), order.end(), [&](std::uint32_t a, std::uint32_t b) {
    return rules.order(candidates[a].name) < rules.order(candidates[b].name);
  });
  return order;
}

}  // namespace

Maglev::Maglev(const Config& config, const MaglevRules& rules)
    : rules_(rules), seed_(config.seed), size_(config.table_size) {}

void Maglev::rebuild(std::span<const Candidate> candidates) {
  const std::vector<std::uint32_t> order = in_turn_order(rules_, candidates);
  std::vector<Permutation> permutations;
  std::vector<std::uint32_t> weights;
  for (const std::uint32_t i : order) {
    permutations.push_back(rules_.permutation(candidates[i].name, seed_, size_));
    weights.push_back(candidates[i].weight);
  }
  table_ = fill_table(permutations, weights, rules_.turn_rule, size_);
  for (BackendIndex& slot : table_) slot = candidates[order[slot]].index;
}

BackendIndex Maglev::choose(std::uint64_t flow_hash, std::span<const std::uint32_t>,
                            Rng&) noexcept {
  if (table_.empty()) return kNoBackend;
  return table_[rules_.modulo ? flow_hash % size_ : reduce(flow_hash, size_)];
}

std::uint64_t Maglev::digest() const {
  Digest digest;
  digest.add(seed_).add(size_).add(table_.size());
  for (const BackendIndex index : table_) digest.add(index);
  return digest.value();
}

std::unique_ptr<Policy> make_maglev(const Config& config) {
  return std::make_unique<Maglev>(config, MaglevRules{.permutation = own_permutation});
}

}  // namespace poise::policy
