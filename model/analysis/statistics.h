// How sure a number is: confidence intervals of a mean and of a proportion.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace poise::analysis {

// `low` and `high` bound the true value with the asked confidence.
struct Interval {
  double mean = 0;
  double low = 0;
  double high = 0;

  double half_width() const { return (high - low) / 2; }
  bool contains(double value) const { return low <= value && value <= high; }
};

// Mean of independent samples, with Student's t interval (Student: "The Probable Error of a Mean",
// Biometrika 1908). One sample gives an infinite interval. REQUIRES: not empty; 0 < confidence < 1.
Interval mean_interval(std::span<const double> samples, double confidence = 0.95);

// Proportion of `successes` in `trials`, with Wilson's score interval (Wilson: "Probable Inference,
// the Law of Succession, and Statistical Inference", JASA 1927), which holds near 0 and 1 too. No
// trials give the interval [0, 1] around 0. REQUIRES: successes <= trials; 0 < confidence < 1.
Interval wilson_interval(std::uint64_t successes, std::uint64_t trials, double confidence = 0.95);

// Standard deviation of the samples (n - 1); 0 for fewer than two.
double standard_deviation(std::span<const double> samples);

// The quantile of Student's t distribution. REQUIRES: 0 < p < 1, degrees > 0.
double student_t_quantile(double p, double degrees);
// The quantile of the standard normal distribution. REQUIRES: 0 < p < 1.
double normal_quantile(double p);

}  // namespace poise::analysis
