// One flow in 56 bytes.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "model/backend_id.h"
#include "model/flow/flow_key.h"
#include "model/time.h"

namespace poise {

// What is known of a flow, from its client's packets alone. Ordered by rank.
enum class FlowState : std::uint8_t { closing, handshake, datagram, established };
inline constexpr std::size_t kFlowStateCount = 4;

// Time in ticks of 512 ns from the origin: 54 bits of them reach as far as Instant does.
inline constexpr int kTickBits = 9;

// Rounded up, so that no flow expires early.
inline std::uint64_t to_ticks(Instant at) {
  constexpr std::uint64_t kTicksMax = (std::uint64_t{1} << 54) - 1;
  const auto ns = static_cast<std::uint64_t>(std::max<std::int64_t>(0, to_ns(at)));
  return std::min((ns + ((1u << kTickBits) - 1)) >> kTickBits, kTicksMax);
}

struct alignas(8) FlowEntry {
  Address source, destination;
  std::uint16_t source_port, destination_port;
  BackendRef backend;    // its generation is an era of the table; kNoBackend: not in use
  std::uint64_t packed;  // ticks of last use (54) | state (2) | protocol (8)
  std::uint32_t newer;   // neighbours in the list of its state
  std::uint32_t older;

  static std::uint64_t pack(std::uint64_t ticks, FlowState state, std::uint8_t protocol) {
    return ticks << 10 | static_cast<std::uint64_t>(state) << 8 | protocol;
  }
  std::uint64_t ticks() const { return packed >> 10; }
  FlowState state() const { return static_cast<FlowState>(packed >> 8 & 3); }
  std::uint8_t protocol() const { return static_cast<std::uint8_t>(packed); }

  Instant used_at() const {
    return instant_from_ns(static_cast<std::int64_t>(ticks() << kTickBits));
  }
  FlowKey key() const { return {source, destination, source_port, destination_port, protocol()}; }
  bool has_key(const FlowKey& other) const {
    return source == other.source && destination == other.destination &&
           source_port == other.source_port && destination_port == other.destination_port &&
           protocol() == other.protocol;
  }
};
static_assert(sizeof(FlowEntry) == 56 && offsetof(FlowEntry, backend) % 4 == 0);

}  // namespace poise
