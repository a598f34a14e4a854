// Sequence numbers: 32 bits on the wire, whole positions inside.
#pragma once

#include <compare>
#include <cstdint>

namespace poise::tcp {

// As it lies in a header, modulo 2^32.
using Seq = std::uint32_t;

// A place in one direction of a connection, counted from its initial sequence number without
// wrapping: SYN is 0, the first byte of the stream is 1, FIN stands behind the last byte. Old
// duplicates may lie below 0.
using Position = std::int64_t;

constexpr Seq seq_of(Position position, Seq initial) {
  return initial + static_cast<Seq>(position);
}

// The position nearest to `near` that is written as `seq`. REQUIRES: the truth lies within 2^31 of
// `near`.
constexpr Position position_of(Seq seq, Seq initial, Position near) {
  return near + static_cast<std::int32_t>(seq - seq_of(near, initial));
}

// [begin, end), empty when they are equal.
struct Range {
  Position begin = 0;
  Position end = 0;

  constexpr std::uint64_t size() const { return static_cast<std::uint64_t>(end - begin); }
  constexpr bool empty() const { return begin >= end; }
  friend constexpr auto operator<=>(const Range&, const Range&) = default;
};

}  // namespace poise::tcp
