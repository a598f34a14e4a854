// Round robin: one after another, and by weight without runs of the heavy ones.
//
// nginx's smooth weighted round robin (Sysoev's server, commit 52327e0627, 2012): everyone's credit
// grows by its weight, the richest is chosen and pays the sum of all weights. Weights 5, 1, 1 give
// a a b a c a a. Equal weights walk in the order of names, O(1); others O(backends) a flow. A
// rebuild starts anew, so that the policy is a function of its candidates and of the choices since.
#include "model/policy/built_in.h"
#include "model/policy/shares.h"

namespace poise::policy {
namespace {

class RoundRobin final : public Policy {
 public:
  void rebuild(std::span<const Candidate> candidates) override {
    shares_.rebuild(candidates);
    credits_.assign(shares_.size(), 0);
    next_ = 0;
  }

  BackendIndex choose(std::uint64_t, std::span<const std::uint32_t>, Rng&) noexcept override {
    if (shares_.empty()) return kNoBackend;
    return shares_.owner(shares_.length() == shares_.size() ? next_in_line() : richest());
  }

  bool is_consistent() const override { return false; }

  std::uint64_t digest() const override {
    Digest digest;
    digest.add(shares_.digest()).add(next_);
    for (const std::int64_t credit : credits_) digest.add(credit);
    return digest.value();
  }

 private:
  std::size_t next_in_line() {
    const std::size_t chosen = next_;
    next_ = chosen + 1 == shares_.size() ? 0 : chosen + 1;
    return chosen;
  }

  std::size_t richest() {
    std::size_t best = 0;
    for (std::size_t i = 0; i < credits_.size(); ++i) {
      credits_[i] += static_cast<std::int64_t>(shares_.weight(i));
      if (credits_[i] > credits_[best]) best = i;
    }
    credits_[best] -= static_cast<std::int64_t>(shares_.length());
    return best;
  }

  Shares shares_;
  std::vector<std::int64_t> credits_;
  std::size_t next_ = 0;
};

}  // namespace

std::unique_ptr<Policy> make_round_robin(const Config&) {
  return std::make_unique<RoundRobin>();
}

}  // namespace poise::policy
