// Flow-size laws: fixed, the published empirical ones, and a plan's own points.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "model/random.h"
#include "model/scenario/plan.h"

namespace poise::scenario {

using SizePoint = std::pair<double, double>;  // (bytes, cumulative percent)

// The points of "websearch", "fb_hadoop" or "alistorage2019" (traffic_gen of the HPCC repository);
// empty for another name.
std::span<const SizePoint> published_points(std::string_view name);

// The distribution whose cumulative function is linear between its points.
class SizeLaw {
 public:
  // REQUIRES: points as check_plan accepts them: at least two, bytes increasing, percent never
  // decreasing, from 0 to 100.
  explicit SizeLaw(std::span<const SizePoint> points);
  static SizeLaw fixed(double bytes);
  static SizeLaw of(const WorkloadSpec& workload);

  double mean() const;
  // Inverse of the cumulative function. REQUIRES: 0 <= u < 1.
  double quantile(double u) const;
  // One draw, in whole bytes, at least 1.
  std::uint64_t draw(Rng& rng) const;

 private:
  std::vector<SizePoint> points_;
};

}  // namespace poise::scenario
