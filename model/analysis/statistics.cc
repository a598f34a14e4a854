// Intervals on Boost.Math's distributions.
#include "model/analysis/statistics.h"

#include <algorithm>
#include <boost/math/distributions/normal.hpp>
#include <boost/math/distributions/students_t.hpp>
#include <cmath>
#include <limits>
#include <numeric>

#include "model/check.h"

namespace poise::analysis {
namespace {

double mean_of(std::span<const double> samples) {
  return std::accumulate(samples.begin(), samples.end(), 0.0) / static_cast<double>(samples.size());
}

}  // namespace

Interval mean_interval(std::span<const double> samples, double confidence) {
  POISE_CHECK(!samples.empty() && confidence > 0 && confidence < 1);
  const double mean = mean_of(samples);
  if (samples.size() == 1) {
    constexpr double infinity = std::numeric_limits<double>::infinity();
    return {mean, -infinity, infinity};
  }
  const auto count = static_cast<double>(samples.size());
  const double t = student_t_quantile((1 + confidence) / 2, count - 1);
  const double half = t * standard_deviation(samples) / std::sqrt(count);
  return {mean, mean - half, mean + half};
}

Interval wilson_interval(std::uint64_t successes, std::uint64_t trials, double confidence) {
  POISE_CHECK(successes <= trials && confidence > 0 && confidence < 1);
  if (trials == 0) return {0, 0, 1};
  const auto n = static_cast<double>(trials);
  const double p = static_cast<double>(successes) / n;
  const double z = normal_quantile((1 + confidence) / 2);
  const double scale = 1 + z * z / n;
  const double middle = (p + z * z / (2 * n)) / scale;
  const double half = z / scale * std::sqrt(p * (1 - p) / n + z * z / (4 * n * n));
  // At the ends the bound is exactly 0 or 1; rounding must not leave it beside the proportion.
  return {p, successes == 0 ? 0 : std::max(0.0, middle - half),
          successes == trials ? 1 : std::min(1.0, middle + half)};
}

double standard_deviation(std::span<const double> samples) {
  if (samples.size() < 2) return 0;
  const double mean = mean_of(samples);
  double sum = 0;
  for (const double sample : samples) sum += (sample - mean) * (sample - mean);
  return std::sqrt(sum / static_cast<double>(samples.size() - 1));
}

double student_t_quantile(double p, double degrees) {
  return boost::math::quantile(boost::math::students_t(degrees), p);
}

double normal_quantile(double p) {
  return boost::math::quantile(boost::math::normal(), p);
}

}  // namespace poise::analysis
