// The part of a line of describe() behind the colon: transport headers in tcpdump's words.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "model/wire/datagram.h"

namespace poise::wire {

// REQUIRES (all): `datagram` is what parse() said of `bytes`.
std::string describe_tcp(std::span<const std::uint8_t> bytes, const Datagram& datagram);
std::string describe_icmp(std::span<const std::uint8_t> bytes, const Datagram& datagram);

}  // namespace poise::wire
