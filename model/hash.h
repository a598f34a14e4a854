// The hashes of the core: keyed SipHash for what an adversary may choose, and a running Digest.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <type_traits>

#include "model/random.h"

namespace poise {

struct SipKey {
  std::uint64_t k0 = 0;
  std::uint64_t k1 = 0;
};

// SipHash-2-4 (Aumasson, Bernstein: "SipHash: a fast short-input PRF", INDOCRYPT 2012).
std::uint64_t siphash24(SipKey key, std::span<const std::uint8_t> bytes);
std::uint64_t siphash24(SipKey key, std::string_view text);

// floor(hash * size / 2^64): an even map of a hash to [0, size) by one multiplication
// (Lemire: "Fast random integer generation in an interval", 2019).
constexpr std::uint64_t reduce(std::uint64_t hash, std::uint64_t size) {
  __extension__ using Wide = unsigned __int128;
  return static_cast<std::uint64_t>((static_cast<Wide>(hash) * size) >> 64);
}

// A running 64-bit hash of a machine's state or of a run's tables. The order of what is added
// counts. Equal on every machine: integers enter by value, text and bytes with their length.
class Digest {
 public:
  template <class T>
  requires(std::is_integral_v<T> || std::is_enum_v<T>) Digest& add(T value) {
    state_ = mix64(state_ ^ static_cast<std::uint64_t>(value)) + 0x9e3779b97f4a7c15u;
    return *this;
  }
  Digest& add(std::string_view text);
  Digest& add(std::span<const std::uint8_t> bytes);
  Digest& add(double value);  // by its bits; -0.0 and NaNs as they are

  std::uint64_t value() const { return mix64(state_); }

 private:
  std::uint64_t state_ = 0x706f697365u;
};

}  // namespace poise
