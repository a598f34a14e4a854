// Hash mod N: what a router does with next hops, and the yardstick that consistent hashing beats.
//
// Thaler, Hopps: RFC 2991, section 3 ("modulo-N hash"). When one backend joins N, N/(N+1) of all
// flows move. A backend of weight w counts w times.
#include "model/policy/built_in.h"
#include "model/policy/shares.h"

namespace poise::policy {
namespace {

class HashModN final : public Policy {
 public:
  void rebuild(std::span<const Candidate> candidates) override { shares_.rebuild(candidates); }

  BackendIndex choose(std::uint64_t flow_hash, std::span<const std::uint32_t>,
                      Rng&) noexcept override {
    if (shares_.empty()) return kNoBackend;
    return shares_.at(flow_hash % shares_.length());
  }

  bool is_consistent() const override { return true; }
  std::uint64_t digest() const override { return shares_.digest(); }

 private:
  Shares shares_;
};

}  // namespace

std::unique_ptr<Policy> make_hash_mod_n(const Config&) {
  return std::make_unique<HashModN>();
}

}  // namespace poise::policy
