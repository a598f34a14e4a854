// How flows, policies and balancers name a backend: a small index, and a generation that tells
// apart the backends that held it one after another.
#pragma once

#include <cstdint>
#include <limits>

namespace poise {

// A backend's place in its BackendSet: stable for its life and reused after it.
using BackendIndex = std::uint16_t;
inline constexpr BackendIndex kNoBackend = std::numeric_limits<BackendIndex>::max();

struct BackendRef {
  BackendIndex index = kNoBackend;
  std::uint16_t generation = 0;

  constexpr explicit operator bool() const { return index != kNoBackend; }
  friend constexpr bool operator==(BackendRef, BackendRef) = default;
};

// How many flows a backend has.
struct FlowCount {
  BackendIndex backend = kNoBackend;
  std::uint32_t count = 0;

  friend constexpr bool operator==(FlowCount, FlowCount) = default;
};

}  // namespace poise
