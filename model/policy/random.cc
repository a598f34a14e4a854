// Random: every flow to a backend drawn by weight, remembering nothing.
//
// The baseline of balls into bins (Raab, Steger: "Balls into Bins: A Simple and Tight Analysis",
// RANDOM 1998): with n flows on n backends the fullest has about ln n / ln ln n.
#include "model/policy/built_in.h"
#include "model/policy/shares.h"

namespace poise::policy {
namespace {

class Random final : public Policy {
 public:
  void rebuild(std::span<const Candidate> candidates) override { shares_.rebuild(candidates); }

  BackendIndex choose(std::uint64_t, std::span<const std::uint32_t>, Rng& rng) noexcept override {
    if (shares_.empty()) return kNoBackend;
    return shares_.at(rng.below(shares_.length()));
  }

  bool is_consistent() const override { return false; }
  std::uint64_t digest() const override { return shares_.digest(); }

 private:
  Shares shares_;
};

}  // namespace

std::unique_ptr<Policy> make_random(const Config&) {
  return std::make_unique<Random>();
}

}  // namespace poise::policy
