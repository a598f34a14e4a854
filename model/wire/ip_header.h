// Writes the plain IP header of what this room builds.
#pragma once

#include <cstdint>

#include "model/wire/build.h"

namespace poise::wire {

constexpr std::size_t ip_header_size(Family family) {
  return family == Family::v4 ? 20 : 40;
}

// An IPv4 header without options (checksum included) or an IPv6 header, in front of `payload_size`
// bytes. REQUIRES: the addresses are of one family, the sizes fit.
void write_ip_header(std::uint8_t* at, const Address& source, const Address& destination,
                     std::uint8_t protocol, std::size_t payload_size, const IpFields& fields);

}  // namespace poise::wire
