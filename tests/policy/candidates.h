// What the tests of policies share: candidates by name, and the choice for a flow.
#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include "model/policy/policy.h"

namespace poise::policy {

// Sorted by name, as a BackendSet gives them; an index is the place in `names`.
inline std::vector<Candidate> candidates_of(const std::vector<std::string>& names,
                                            const std::vector<std::uint32_t>& weights = {}) {
  std::vector<Candidate> candidates;
  for (std::size_t i = 0; i < names.size(); ++i)
    candidates.push_back({.index = static_cast<BackendIndex>(i),
                          .weight = weights.empty() ? 1 : weights[i],
                          .name = names[i]});
  std::sort(candidates.begin(), candidates.end(),
            [](const Candidate& a, const Candidate& b) { return a.name < b.name; });
  return candidates;
}

// backend-0 to backend-(count - 1).
inline std::vector<Candidate> backends(std::size_t count) {
  std::vector<std::string> names;
  for (std::size_t i = 0; i < count; ++i) names.push_back("backend-" + std::to_string(i));
  return candidates_of(names);
}

inline std::vector<Candidate> without(std::vector<Candidate> candidates, BackendIndex index) {
  std::erase_if(candidates, [&](const Candidate& c) { return c.index == index; });
  return candidates;
}

// A policy with flow counts and randomness of its own, to be asked by flow alone.
class Asked {
 public:
  explicit Asked(const Config& config, std::uint64_t seed = 1)
      : policy_(make(config)), rng_(seed) {}

  Asked& rebuild(const std::vector<Candidate>& candidates) {
    policy_->rebuild(candidates);
    BackendIndex last = 0;
    for (const Candidate& c : candidates) last = std::max(last, c.index);
    counts_.resize(std::max<std::size_t>(counts_.size(), last + std::size_t{1}));
    return *this;
  }
  BackendIndex choose(std::uint64_t flow_hash) { return policy_->choose(flow_hash, counts_, rng_); }
  std::vector<std::uint32_t>& counts() { return counts_; }
  Policy& policy() { return *policy_; }

 private:
  std::unique_ptr<Policy> policy_;
  Rng rng_;
  std::vector<std::uint32_t> counts_;
};

}  // namespace poise::policy
