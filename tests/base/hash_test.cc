// SipHash against its published vectors, and the laws of Rng and Digest.
#include "model/hash.h"

#include <gtest/gtest.h>

#include <array>
#include <numeric>

namespace poise {
namespace {

constexpr SipKey kPaperKey{0x0706050403020100u, 0x0f0e0d0c0b0a0908u};

TEST(SipHash, MatchesTheAuthorsVectors) {
  // veorq/SipHash vectors.h: key 00..0f, input 00..n-1.
  std::array<std::uint8_t, 16> input;
  std::iota(input.begin(), input.end(), std::uint8_t{0});
  const auto hash = [&](std::size_t n) { return siphash24(kPaperKey, std::span(input).first(n)); };
  EXPECT_EQ(hash(0), 0x726fdb47dd0e0e31u);
  EXPECT_EQ(hash(1), 0x74f839c593dc67fdu);
  EXPECT_EQ(hash(7), 0xab0200f58b01d137u);
  EXPECT_EQ(hash(15), 0xa129ca6149be45e5u);
}

TEST(SipHash, MatchesCaplancesKeys) {
  EXPECT_EQ(siphash24({0xdeadbabe, 0}, "backend-1"), 0xe9559a09a4f1b385u);
  EXPECT_EQ(siphash24({0xdeadbabe, 0}, "10.0.0.2:53686"), 0x58c31bf47e4ac0deu);
  EXPECT_EQ(siphash24({0xdeadbeef, 0}, "backend-3"), 0xd5c17455fffba880u);
}

TEST(Digest, OrderAndLengthCount) {
  EXPECT_NE(Digest().add(1).add(2).value(), Digest().add(2).add(1).value());
  EXPECT_NE(Digest().add("ab").add("c").value(), Digest().add("a").add("bc").value());
  EXPECT_EQ(Digest().add("ab").add(0.5).value(), Digest().add("ab").add(0.5).value());
}

TEST(Rng, IsAFunctionOfSeedAndStream) {
  Rng a(7, 1), b(7, 1), c(7, 2), d(8, 1);
  const std::uint64_t first = a.next();
  EXPECT_EQ(first, b.next());
  EXPECT_NE(first, c.next());
  EXPECT_NE(first, d.next());
}

TEST(Rng, BelowIsEven) {
  Rng rng(1);
  std::array<int, 7> counts{};
  for (int i = 0; i < 70000; ++i) ++counts[rng.below(7)];
  for (const int count : counts) EXPECT_NEAR(count, 10000, 400);  // four standard deviations
}

TEST(Rng, ExponentialHasItsMean) {
  Rng rng(2);
  double sum = 0;
  for (int i = 0; i < 100000; ++i) sum += rng.exponential(3.0);
  EXPECT_NEAR(sum / 100000, 3.0, 0.04);  // four standard errors
}

}  // namespace
}  // namespace poise
