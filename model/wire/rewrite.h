// Changes of a datagram in place that keep its checksums right (RFC 1624).
#pragma once

#include <cstdint>
#include <span>

#include "model/packet.h"
#include "model/wire/datagram.h"

namespace poise::wire {

// Lowers the MSS option of a TCP SYN to at most `mss`; true when it was changed. Anything else, and
// any nonsense among the options, is left alone. A SYN without the option is left alone too: its
// sender takes 536 or 1,220 (RFC 9293, 3.7.1). REQUIRES: `datagram` is what parse() said of the
// packet.
bool clamp_mss(Packet& packet, const Datagram& datagram, std::uint16_t mss) noexcept;

// The MSS option of a TCP SYN; 0 when there is none.
// REQUIRES: `datagram` is what parse() said of `bytes`.
std::uint16_t read_mss(std::span<const std::uint8_t> bytes, const Datagram& datagram) noexcept;

// Takes one off the TTL or hop limit. REQUIRES: the packet was parsed and its TTL is not 0.
void decrement_ttl(Packet& packet) noexcept;

// Sets both ECN bits ("congestion experienced"). REQUIRES: the packet was parsed.
void mark_congestion(Packet& packet) noexcept;

}  // namespace poise::wire
