// What a way through Linux may do to a datagram, and nothing else.
#pragma once

#include <cstdint>
#include <span>

namespace poise::scene {

// True when `seen` is `sent`, byte for byte, but for what the kernel must do: it takes one off the
// TTL or hop limit of what it forwards, and gives an IPv4 identification of 0 that leaves by a raw
// socket a value (with the header's checksum).
bool is_the_same_but_for_the_way(std::span<const std::uint8_t> sent,
                                 std::span<const std::uint8_t> seen);

}  // namespace poise::scene
