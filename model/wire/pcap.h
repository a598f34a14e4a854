// The file that tcpdump and Wireshark read: datagrams with the instants at which they were seen.
#pragma once

#include <array>
#include <cstdint>

#include "model/time.h"

namespace poise::wire {

// libpcap's format with link type RAW (101) and nanoseconds, little-endian:
//
//   file header, 24 bytes      a1b23c4d | version 2, 4 | 0 | 0 | longest packet 65535 | 101
//   for each packet, 16 bytes  seconds | nanoseconds | captured size | size, and the datagram
std::array<std::uint8_t, 24> pcap_file_header() noexcept;

// Of a datagram that is captured whole. REQUIRES: at >= 0.
std::array<std::uint8_t, 16> pcap_packet_header(Instant at, std::size_t size) noexcept;

}  // namespace poise::wire
