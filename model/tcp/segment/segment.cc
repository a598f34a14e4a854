// From bytes to a segment, and what answers a segment that nobody knows.
#include "model/tcp/segment/segment.h"

#include <algorithm>

#include "model/tcp/segment/option.h"
#include "model/wire/bytes.h"

namespace poise::tcp {
namespace {

namespace flag = wire::tcp_flag;
using wire::load16;
using wire::load32;

// What is agreed on in the handshake counts nowhere else (RFC 9293, 3.7.1; RFC 7323, 2.2; RFC 2018,
// 2).
void read_syn_option(std::uint8_t kind, const std::uint8_t* value, std::size_t size,
                     Options& options) {
  if (kind == option::kMss && size == 2 && load16(value) != 0) options.mss = load16(value);
  if (kind == option::kWindowScale && size == 1)
    options.window_scale = std::min(value[0], option::kWindowScaleMax);
  if (kind == option::kSackPermitted && size == 0) options.sack_permitted = true;
}

void read_sacks(const std::uint8_t* value, std::size_t size, Options& options) {
  options.sack_count = static_cast<std::uint8_t>(size / 8);
  for (std::size_t i = 0; i < options.sack_count; ++i)
    options.sacks[i] = {load32(value + 8 * i), load32(value + 8 * i + 4)};
}

// A length that cannot be ends the list; one that is not the kind's own skips the option.
void read_options(const std::uint8_t* at, const std::uint8_t* end, bool syn, Options& options) {
  while (at != end && *at != option::kEnd) {
    const std::uint8_t kind = *at;
    if (kind == option::kNop) {
      ++at;
      continue;
    }
    const auto left = static_cast<std::size_t>(end - at);
    if (left < 2 || at[1] < 2 || at[1] > left) return;
    const std::size_t size = at[1] - 2u;
    const std::uint8_t* value = at + 2;
    if (kind == option::kTimestamps && size == 8)
      options.timestamps = Timestamps{load32(value), load32(value + 4)};
    else if (kind == option::kSack && size != 0 && size % 8 == 0)
      read_sacks(value, size, options);
    else if (syn)
      read_syn_option(kind, value, size, options);
    at = value + size;
  }
}

}  // namespace

Segment read_segment(std::span<const std::uint8_t> bytes, const wire::Datagram& datagram) noexcept {
  const std::uint8_t* at = bytes.data() + datagram.transport_offset;
  const std::uint8_t* end = bytes.data() + datagram.payload_offset;
  Segment segment;
  segment.sequence = load32(at + 4);
  segment.acknowledgment = load32(at + 8);
  segment.flags = datagram.tcp_flags;
  segment.window = load16(at + 14);
  segment.urgent = load16(at + 18);
  segment.ecn = datagram.tos & 3u;
  segment.payload = bytes.subspan(datagram.payload_offset, datagram.payload_size);
  at += 20;
  // Of an established connection: timestamps alone, behind two NOPs.
  if (end - at == 12 && load32(at) == option::kPaddedTimestamps) [[likely]]
    segment.options.timestamps = Timestamps{load32(at + 4), load32(at + 8)};
  else if (at != end)
    read_options(at, end, segment.has(flag::kSyn), segment.options);
  return segment;
}

std::optional<Segment> reset_for(const Segment& segment) {
  if (segment.has(flag::kRst)) return std::nullopt;
  Segment reset;
  reset.flags = flag::kRst;
  if (segment.has(flag::kAck)) {
    reset.sequence = segment.acknowledgment;
  } else {
    reset.flags |= flag::kAck;
    reset.acknowledgment = segment.sequence + segment.length();
  }
  return reset;
}

}  // namespace poise::tcp
