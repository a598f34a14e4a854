// The second half of parse(): what the IP header carries.
#pragma once

#include <cstdint>

#include "model/wire/datagram.h"

namespace poise::wire {

// Fills ports, flags, ICMP facts and the payload's place. REQUIRES: `out` holds the IP header's
// facts, transport_offset <= total_size, and total_size bytes lie at `datagram`.
[[nodiscard]] Malformed read_transport(const std::uint8_t* datagram, Datagram& out) noexcept;

}  // namespace poise::wire
