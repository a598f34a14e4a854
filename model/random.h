// Seeded randomness by value: the same seed gives the same numbers on every machine and compiler.
#pragma once

#include <cstdint>

namespace poise {

// One step of SplitMix64 (Steele, Lea, Flood: "Fast splittable pseudorandom number generators",
// OOPSLA 2014): a bijection that spreads every input bit over the whole word.
constexpr std::uint64_t mix64(std::uint64_t x) {
  x += 0x9e3779b97f4a7c15u;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
  return x ^ (x >> 31);
}

// xoshiro256** 1.0 (Blackman, Vigna: "Scrambled linear pseudorandom number generators", ACM TOMS
// 2021), seeded by SplitMix64. A copy continues on its own; two streams of one seed are
// independent.
class Rng {
 public:
  explicit Rng(std::uint64_t seed, std::uint64_t stream = 0);

  std::uint64_t next();
  // Uniform in [0, bound), without bias (Lemire, ACM TOMACS 2019). REQUIRES: bound > 0.
  std::uint64_t below(std::uint64_t bound);
  // Uniform in [0, 1), 53 bits.
  double uniform();
  // Exponential with the given mean, in the unit of the mean. REQUIRES: mean >= 0.
  double exponential(double mean);

  std::uint64_t digest() const;

 private:
  std::uint64_t state_[4];
};

}  // namespace poise
