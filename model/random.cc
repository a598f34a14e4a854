// xoshiro256** and the few distributions Poise needs, ours so that no library can change them.
#include "model/random.h"

#include <bit>
#include <cmath>

#include "model/check.h"

namespace poise {

Rng::Rng(std::uint64_t seed, std::uint64_t stream) {
  std::uint64_t x = mix64(seed) ^ mix64(mix64(stream) + 0x632be59bd9b4e019u);
  for (std::uint64_t& word : state_) word = mix64(x++);
}

std::uint64_t Rng::next() {
  const std::uint64_t result = std::rotl(state_[1] * 5, 7) * 9;
  const std::uint64_t t = state_[1] << 17;
  state_[2] ^= state_[0];
  state_[3] ^= state_[1];
  state_[1] ^= state_[2];
  state_[0] ^= state_[3];
  state_[2] ^= t;
  state_[3] = std::rotl(state_[3], 45);
  return result;
}

std::uint64_t Rng::below(std::uint64_t bound) {
  POISE_CHECK(bound > 0);
  __extension__ using Wide = unsigned __int128;
  Wide product = static_cast<Wide>(next()) * bound;
  if (static_cast<std::uint64_t>(product) < bound) {
    const std::uint64_t threshold = -bound % bound;
    while (static_cast<std::uint64_t>(product) < threshold)
      product = static_cast<Wide>(next()) * bound;
  }
  return static_cast<std::uint64_t>(product >> 64);
}

double Rng::uniform() {
  return static_cast<double>(next() >> 11) * 0x1.0p-53;
}

double Rng::exponential(double mean) {
  POISE_CHECK(mean >= 0);
  return -mean * std::log1p(-uniform());
}

std::uint64_t Rng::digest() const {
  std::uint64_t d = 0;
  for (const std::uint64_t word : state_) d = mix64(d ^ word);
  return d;
}

}  // namespace poise
