// Power of two choices: draw two different backends by weight, take the one with less load.
//
// Mitzenmacher: "The Power of Two Choices in Randomized Load Balancing", IEEE TPDS 2001. The
// fullest backend falls from ln n / ln ln n to ln ln n, without the herding of least connections.
// Load is live flows divided by weight, the new flow included; on a tie the first drawn wins.
#include "model/policy/built_in.h"
#include "model/policy/shares.h"

namespace poise::policy {
namespace {

class PowerOfTwo final : public Policy {
 public:
  void rebuild(std::span<const Candidate> candidates) override { shares_.rebuild(candidates); }

  BackendIndex choose(std::uint64_t, std::span<const std::uint32_t> flow_counts,
                      Rng& rng) noexcept override {
    if (shares_.empty()) return kNoBackend;
    const std::size_t first = shares_.position_at(rng.below(shares_.length()));
    if (shares_.size() == 1) return shares_.owner(first);
    // A point on the line without the first one's piece.
    std::uint64_t point = rng.below(shares_.length() - shares_.weight(first));
    if (point >= shares_.begin(first)) point += shares_.weight(first);
    const std::size_t second = shares_.position_at(point);
    const BackendIndex a = shares_.owner(first);
    const BackendIndex b = shares_.owner(second);
    const std::uint64_t load_a = (flow_counts[a] + std::uint64_t{1}) * shares_.weight(second);
    const std::uint64_t load_b = (flow_counts[b] + std::uint64_t{1}) * shares_.weight(first);
    return load_b < load_a ? b : a;
  }

  bool is_consistent() const override { return false; }
  std::uint64_t digest() const override { return shares_.digest(); }

 private:
  Shares shares_;
};

}  // namespace

std::unique_ptr<Policy> make_power_of_two(const Config&) {
  return std::make_unique<PowerOfTwo>();
}

}  // namespace poise::policy
