// Laws of the flow-size distributions: published means, quantiles, draws.
#include "model/scenario/size_law.h"

#include <gtest/gtest.h>

#include <cmath>

namespace poise::scenario {
namespace {

constexpr std::string_view kPublished[] = {"websearch", "fb_hadoop", "alistorage2019"};

TEST(SizeLaw, HasThePublishedMeans) {
  EXPECT_NEAR(SizeLaw(published_points("websearch")).mean(), 1.711e6, 0.0005e6);
  EXPECT_NEAR(SizeLaw(published_points("fb_hadoop")).mean(), 120.4e3, 0.05e3);
  EXPECT_NEAR(SizeLaw(published_points("alistorage2019")).mean(), 40.9e3, 0.05e3);
}

TEST(SizeLaw, QuantilesPassThroughThePoints) {
  for (const std::string_view name : kPublished) {
    const SizeLaw law{published_points(name)};
    for (const auto& [bytes, percent] : published_points(name)) {
      if (percent == 100) continue;
      EXPECT_NEAR(law.quantile(percent / 100), bytes, 1e-6 * bytes + 1e-6) << name;
    }
    EXPECT_LE(law.quantile(std::nextafter(1.0, 0.0)), published_points(name).back().first);
  }
}

TEST(SizeLaw, QuantilesNeverFall) {
  for (const std::string_view name : kPublished) {
    const SizeLaw law{published_points(name)};
    double before = -1;
    for (int i = 0; i < 10000; ++i) {
      const double now = law.quantile(i / 10000.0);
      ASSERT_GE(now, before);
      before = now;
    }
  }
}

TEST(SizeLaw, DrawsHaveItsMeanAndItsShares) {
  for (const std::string_view name : kPublished) {
    const SizeLaw law{published_points(name)};
    Rng rng(11);
    constexpr int kDraws = 200000;
    double sum = 0, squares = 0;
    int below_median = 0;
    for (int i = 0; i < kDraws; ++i) {
      const auto size = static_cast<double>(law.draw(rng));
      sum += size;
      squares += size * size;
      below_median += size < law.quantile(0.5);
    }
    const double mean = sum / kDraws, error = std::sqrt((squares / kDraws - mean * mean) / kDraws);
    EXPECT_NEAR(mean, law.mean(), 4 * error) << name;
    EXPECT_NEAR(below_median, kDraws / 2, 4 * std::sqrt(kDraws / 4)) << name;
  }
}

TEST(SizeLaw, AFixedSizeIsAlwaysItself) {
  Rng rng(1);
  const SizeLaw law = SizeLaw::fixed(12345);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(law.draw(rng), 12345u);
  EXPECT_EQ(law.mean(), 12345);
}

TEST(SizeLaw, AFlatPieceHasNoMass) {
  const SizePoint points[] = {{0, 0}, {10, 50}, {1000, 50}, {1010, 100}};
  const SizeLaw law{points};
  Rng rng(3);
  for (int i = 0; i < 1000; ++i) {
    const std::uint64_t size = law.draw(rng);
    EXPECT_TRUE(size <= 10 || size >= 1000) << size;
    EXPECT_GE(size, 1u);
  }
}

}  // namespace
}  // namespace poise::scenario
