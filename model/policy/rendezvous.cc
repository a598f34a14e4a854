// Rendezvous: every backend draws a score for the flow, and the highest score wins.
//
// Thaler, Ravishankar: "Using Name-Based Mappings to Increase Hit Rates", IEEE/ACM ToN 1998
// ("highest random weight"); weights by Schindelhauer, Schomaker: "Weighted Distributed Hash
// Tables", SPAA 2005: with u uniform, -ln(u) / w is an exponential of rate w, and the smallest of
// those wins with probability w / sum. Perfectly consistent, even to the luck of the draw,
// O(backends) a flow.
//
// std::log may differ in its last bit from library to library, and then balancers would disagree.
// Ours is made of additions, multiplications and one division, which IEEE 754 rounds alike
// everywhere.
#include <algorithm>
#include <bit>
#include <vector>

#include "model/hash.h"
#include "model/policy/built_in.h"

namespace poise::policy {
namespace {

// -ln((draw + 1) / 2^53) for the upper 53 bits of a draw, to about 1e-15.
double minus_log(std::uint64_t draw) {
  const double x = static_cast<double>((draw >> 11) + 1);  // exact: 1 to 2^53
  const std::uint64_t bits = std::bit_cast<std::uint64_t>(x);
  int exponent = static_cast<int>(bits >> 52) - 1023;
  double m = std::bit_cast<double>((bits & 0xfffffffffffffu) | 0x3ff0000000000000u);  // [1, 2)
  if (m > 1.4142135623730951) {
    m *= 0.5;
    ++exponent;
  }
  // ln(m) = 2 artanh(z), |z| < 0.172; the first omitted term is below 1e-17.
  const double z = (m - 1.0) / (m + 1.0);
  const double zz = z * z;
  double series = 1.0 / 19.0;
  for (int k = 17; k >= 1; k -= 2) series = series * zz + 1.0 / k;
  return static_cast<double>(53 - exponent) * 0.6931471805599453 - 2.0 * z * series;
}

class Rendezvous final : public Policy {
 public:
  explicit Rendezvous(const Config& config) : seed_(config.seed) {}

  void rebuild(std::span<const Candidate> candidates) override {
    drawers_.clear();
    for (const Candidate& c : candidates)
      drawers_.push_back({siphash24({seed_, 0x72656e64}, c.name), 1.0 / c.weight, c.index});
    equal_ = std::all_of(candidates.begin(), candidates.end(),
                         [&](const Candidate& c) { return c.weight == candidates.front().weight; });
  }

  BackendIndex choose(std::uint64_t flow_hash, std::span<const std::uint32_t>,
                      Rng&) noexcept override {
    return equal_ ? highest_draw(flow_hash) : earliest(flow_hash);
  }

  bool is_consistent() const override { return true; }

  std::uint64_t digest() const override {
    Digest digest;
    digest.add(seed_);
    for (const Drawer& d : drawers_) digest.add(d.name_hash).add(d.inverse_weight).add(d.index);
    return digest.value();
  }

 private:
  struct Drawer {
    std::uint64_t name_hash;
    double inverse_weight;
    BackendIndex index;
  };

  // With equal weights the logarithm changes no order.
  BackendIndex highest_draw(std::uint64_t flow_hash) const {
    BackendIndex best = kNoBackend;
    std::uint64_t best_draw = 0;
    for (const Drawer& d : drawers_) {
      const std::uint64_t draw = mix64(flow_hash ^ d.name_hash);
      if (best != kNoBackend && draw <= best_draw) continue;
      best_draw = draw;
      best = d.index;
    }
    return best;
  }

  BackendIndex earliest(std::uint64_t flow_hash) const {
    BackendIndex best = kNoBackend;
    double best_time = 0;
    for (const Drawer& d : drawers_) {
      const double time = minus_log(mix64(flow_hash ^ d.name_hash)) * d.inverse_weight;
      if (best != kNoBackend && time >= best_time) continue;
      best_time = time;
      best = d.index;
    }
    return best;
  }

  std::uint64_t seed_;
  std::vector<Drawer> drawers_;
  bool equal_ = true;
};

}  // namespace

std::unique_ptr<Policy> make_rendezvous(const Config& config) {
  return std::make_unique<Rendezvous>(config);
}

}  // namespace poise::policy
