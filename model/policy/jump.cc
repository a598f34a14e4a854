// Jump consistent hash: no memory at all, and even to the luck of the draw.
//
// Lamping, Veach: "A Fast, Minimal Memory, Consistent Hash Algorithm", arXiv:1406.2294, 2014.
// It knows buckets 0 to n-1 only: growing or shrinking at the end moves the least possible, but
// that is not how backends leave. Buckets stand for backends in the order of their names (a backend
// of weight w for w of them), so when one leaves, every later one moves up and its flows move with
// it: on average half of all. Take another policy where any backend may die.
#include "model/policy/jump.h"

#include "model/check.h"
#include "model/policy/built_in.h"
#include "model/policy/shares.h"

namespace poise::policy {
namespace {

class Jump final : public Policy {
 public:
  void rebuild(std::span<const Candidate> candidates) override { shares_.rebuild(candidates); }

  BackendIndex choose(std::uint64_t flow_hash, std::span<const std::uint32_t>,
                      Rng&) noexcept override {
    if (shares_.empty()) return kNoBackend;
    return shares_.at(jump_hash(flow_hash, shares_.length()));
  }

  bool is_consistent() const override { return true; }
  std::uint64_t digest() const override { return shares_.digest(); }

 private:
  Shares shares_;
};

}  // namespace

std::uint64_t jump_hash(std::uint64_t key, std::uint64_t count) {
  POISE_CHECK(count > 0 && count < std::uint64_t{1} << 53);
  std::uint64_t bucket = 0;
  std::uint64_t next = 0;
  // The key seeds a linear congruential generator; every draw says how far the key may stay where
  // it is while buckets are added. The division is of doubles, as in the paper: IEEE 754 rounds it
  // alike everywhere.
  while (next < count) {
    bucket = next;
    key = key * 2862933555777941757u + 1;
    const double draw = 2147483648.0 / static_cast<double>((key >> 33) + 1);
    next = static_cast<std::uint64_t>(static_cast<double>(bucket + 1) * draw);
  }
  return bucket;
}

std::unique_ptr<Policy> make_jump(const Config&) {
  return std::make_unique<Jump>();
}

}  // namespace poise::policy
