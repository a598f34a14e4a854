// A TCP segment as a value: read from a datagram in one total pass, and written as one.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>

#include "model/flow/flow_key.h"
#include "model/tcp/segment/sequence.h"
#include "model/wire/datagram.h"

namespace poise::tcp {

struct SackBlock {
  Seq begin = 0;
  Seq end = 0;
  friend constexpr bool operator==(const SackBlock&, const SackBlock&) = default;
};

struct Timestamps {
  std::uint32_t value = 0;
  std::uint32_t echo = 0;
  friend constexpr bool operator==(const Timestamps&, const Timestamps&) = default;
};

inline constexpr std::size_t kSackBlocksMax = 4;

// What a peer takes that did not say its MSS (RFC 9293, 3.7.1; MUST-15).
constexpr std::uint16_t default_mss(Family family) {
  return family == Family::v4 ? 536 : 1220;
}

struct Options {
  std::optional<std::uint16_t> mss;          // RFC 9293, 3.7.1
  std::optional<std::uint8_t> window_scale;  // RFC 7323, 2; above 14 is read as 14
  bool sack_permitted = false;               // RFC 2018, 2
  std::optional<Timestamps> timestamps;      // RFC 7323, 3
  std::array<SackBlock, kSackBlocksMax> sacks{};
  std::uint8_t sack_count = 0;
};

// The order of options, by which stacks can be told apart. linux: MSS, SACK permitted, timestamps,
// NOP, window scale. freebsd: MSS, NOP, window scale, SACK permitted, timestamps.
enum class Personality : std::uint8_t { linux_, freebsd };

struct Segment {
  Seq sequence = 0;
  Seq acknowledgment = 0;
  std::uint8_t flags = 0;  // wire::tcp_flag::...
  std::uint16_t window = 0;
  std::uint16_t urgent = 0;
  std::uint8_t ecn = 0;  // the two bits of the IP header (RFC 3168, 5)
  Options options;
  std::span<const std::uint8_t> payload;

  bool has(std::uint8_t flag) const { return (flags & flag) != 0; }
  // Payload, SYN and FIN: what it takes of the sequence space.
  std::uint32_t length() const {
    return static_cast<std::uint32_t>(payload.size()) + has(wire::tcp_flag::kSyn) +
           has(wire::tcp_flag::kFin);
  }
};

// Reads the TCP part of a datagram. Total: an option that does not add up ends the list, what was
// read before it stands (RFC 9293, 3.1: MUST-7). An option with a length that is not its kind's is
// skipped, as are those of a handshake (MSS, window scale, SACK permitted) in what is no SYN, and
// an MSS of 0. The payload points into `bytes`.
// REQUIRES: wire::parse gave `datagram` of `bytes`, it is TCP and no later fragment.
Segment read_segment(std::span<const std::uint8_t> bytes, const wire::Datagram& datagram) noexcept;

// Where a segment goes, and how. `key` is of the peer's packets: the segment goes from key's
// destination to key's source.
struct Envelope {
  FlowKey key;
  Personality personality = Personality::linux_;
  std::uint8_t ttl = 64;
};

// Bytes of the options as they will be written, padded to a multiple of four (at most 40).
// SACK blocks that do not fit are left out, and all of them beside SACK permitted.
std::size_t options_size(const Options& options);

// Writes a whole datagram: IP header (DF set), TCP header, options, payload (`payload`, then
// `more`, for a ring's two pieces; `segment.payload` is not looked at), right checksums. Returns
// its size, 0 when it does not fit into `memory`.
std::size_t write_segment(std::span<std::uint8_t> memory, const Envelope& envelope,
                          const Segment& segment, std::span<const std::uint8_t> payload = {},
                          std::span<const std::uint8_t> more = {}) noexcept;

// What answers a segment that belongs to no connection (RFC 9293, 3.10.7.1); none for a reset.
std::optional<Segment> reset_for(const Segment& segment);

}  // namespace poise::tcp
