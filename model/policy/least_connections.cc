// Least connections: the backend with the fewest live flows for its weight.
//
// The "least-connection" scheduling of IPVS (Zhang: "Linux Virtual Server for Scalable Network
// Services", OLS 2000). It knows this balancer's flows only: balancers that do not talk herd on
// whoever came back empty. Load is live flows divided by weight, the new flow included; the search
// starts at a random backend, so that a tie favours nobody. O(backends) a flow.
#include "model/policy/built_in.h"
#include "model/policy/shares.h"

namespace poise::policy {
namespace {

class LeastConnections final : public Policy {
 public:
  void rebuild(std::span<const Candidate> candidates) override { shares_.rebuild(candidates); }

  BackendIndex choose(std::uint64_t, std::span<const std::uint32_t> flow_counts,
                      Rng& rng) noexcept override {
    if (shares_.empty()) return kNoBackend;
    const std::size_t count = shares_.size();
    std::size_t best = static_cast<std::size_t>(rng.below(count));
    std::uint64_t best_load = flow_counts[shares_.owner(best)] + std::uint64_t{1};
    std::uint64_t best_weight = shares_.weight(best);
    for (std::size_t step = 1, i = best; step < count; ++step) {
      if (++i == count) i = 0;
      const std::uint64_t load = flow_counts[shares_.owner(i)] + std::uint64_t{1};
      const std::uint64_t weight = shares_.weight(i);
      if (load * best_weight >= best_load * weight) continue;
      best = i;
      best_load = load;
      best_weight = weight;
    }
    return shares_.owner(best);
  }

  bool is_consistent() const override { return false; }
  std::uint64_t digest() const override { return shares_.digest(); }

 private:
  Shares shares_;
};

}  // namespace

std::unique_ptr<Policy> make_least_connections(const Config&) {
  return std::make_unique<LeastConnections>();
}

}  // namespace poise::policy
