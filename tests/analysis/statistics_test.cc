// Intervals against textbook values, and how often they hold what they promise.
#include "model/analysis/statistics.h"

#include <gtest/gtest.h>

#include <array>
#include <cmath>

#include "model/random.h"

namespace poise::analysis {
namespace {

TEST(Student, QuantilesAreAsInTheTables) {
  EXPECT_NEAR(student_t_quantile(0.975, 1), 12.7062, 1e-4);
  EXPECT_NEAR(student_t_quantile(0.975, 9), 2.26216, 1e-5);
  EXPECT_NEAR(student_t_quantile(0.95, 29), 1.69913, 1e-5);
  EXPECT_NEAR(student_t_quantile(0.025, 9), -2.26216, 1e-5);
  EXPECT_NEAR(normal_quantile(0.975), 1.959964, 1e-6);
}

TEST(MeanInterval, OfAKnownSample) {
  const std::array samples{1.0, 2.0, 3.0, 4.0};  // s = 1.290994, t = 3.182446
  const Interval interval = mean_interval(samples);
  EXPECT_DOUBLE_EQ(interval.mean, 2.5);
  EXPECT_NEAR(interval.half_width(), 3.182446 * 1.290994 / 2, 1e-5);
}

TEST(MeanInterval, OneSampleSaysNothing) {
  const std::array samples{7.0};
  const Interval interval = mean_interval(samples);
  EXPECT_EQ(interval.mean, 7.0);
  EXPECT_TRUE(std::isinf(interval.high));
  EXPECT_TRUE(interval.contains(-1e300));
}

TEST(MeanInterval, HoldsTheTruthAsOftenAsItSays) {
  Rng rng(1);
  int held = 0;
  for (int round = 0; round < 4000; ++round) {
    std::array<double, 10> samples;
    for (double& sample : samples) {  // the sum of 12 uniforms is nearly normal: mean 6
      sample = 0;
      for (int i = 0; i < 12; ++i) sample += rng.uniform();
    }
    held += mean_interval(samples, 0.9).contains(6.0);
  }
  EXPECT_NEAR(held / 4000.0, 0.9, 0.02);  // four standard errors
}

TEST(WilsonInterval, OfKnownProportions) {
  const Interval half = wilson_interval(10, 20);
  EXPECT_DOUBLE_EQ(half.mean, 0.5);
  EXPECT_NEAR(half.low, 0.299298, 1e-5);
  EXPECT_NEAR(half.high, 0.700702, 1e-5);
  const Interval none = wilson_interval(0, 10);
  EXPECT_EQ(none.low, 0.0);
  EXPECT_NEAR(none.high, 0.277533, 1e-5);
  const Interval all = wilson_interval(10, 10);
  EXPECT_EQ(all.high, 1.0);
  EXPECT_NEAR(all.low, 0.722467, 1e-5);
  EXPECT_EQ(wilson_interval(0, 0).high, 1.0);
}

}  // namespace
}  // namespace poise::analysis
