// The Internet checksum: whole, incremental, and over pseudo headers (RFC 1071, RFC 1624).
#pragma once

#include <cstdint>
#include <span>

#include "model/address.h"
#include "model/wire/datagram.h"

namespace poise::wire {

// Sums are of big-endian 16-bit words in one's complement arithmetic, unfolded; they may be added.
// Bytes of odd length count as padded with a zero: only the last part of a chain may be odd.
std::uint64_t checksum_sum(std::span<const std::uint8_t> bytes, std::uint64_t sum = 0) noexcept;

// The same sum, and the bytes copied in the same pass. REQUIRES: they do not overlap.
std::uint64_t checksum_copy(std::uint8_t* into, std::span<const std::uint8_t> from,
                            std::uint64_t sum = 0) noexcept;

// Folded to 16 bits, not complemented.
constexpr std::uint16_t checksum_fold(std::uint64_t sum) {
  sum = (sum & 0xffffffffu) + (sum >> 32);
  sum = (sum & 0xffffu) + (sum >> 16 & 0xffffu) + (sum >> 32);
  sum = (sum & 0xffffu) + (sum >> 16);
  sum = (sum & 0xffffu) + (sum >> 16);
  return static_cast<std::uint16_t>(sum);
}

// What belongs into a checksum field (big-endian there), once the field counted as zero.
constexpr std::uint16_t checksum_finish(std::uint64_t sum) {
  return static_cast<std::uint16_t>(~checksum_fold(sum));
}

// The sum of the same bytes one place further on: a part that begins at an odd offset (RFC 1071, 2
// B).
constexpr std::uint64_t checksum_swap(std::uint64_t sum) {
  const std::uint16_t folded = checksum_fold(sum);
  return static_cast<std::uint16_t>(folded << 8 | folded >> 8);
}

inline std::uint16_t checksum(std::span<const std::uint8_t> bytes) noexcept {
  return checksum_finish(checksum_sum(bytes));
}

// The field after one 16-bit word under it changed (RFC 1624, equation 3).
constexpr std::uint16_t checksum_update(std::uint16_t field, std::uint16_t old_word,
                                        std::uint16_t new_word) {
  return checksum_finish(std::uint64_t{static_cast<std::uint16_t>(~field)} +
                         static_cast<std::uint16_t>(~old_word) + new_word);
}

// Of the pseudo header that TCP, UDP and ICMPv6 are summed with (RFC 9293, 3.1; RFC 8200, 8.1).
std::uint64_t pseudo_header_sum(const Address& source, const Address& destination,
                                std::uint8_t protocol, std::uint32_t transport_size) noexcept;

// True when the TCP, UDP, ICMP or ICMPv6 checksum of a whole datagram is right, when a UDP datagram
// over IPv4 carries none, and for what has none that we know: fragments and other protocols.
// REQUIRES: `datagram` is what parse() said of `bytes`.
bool has_right_transport_checksum(std::span<const std::uint8_t> bytes,
                                  const Datagram& datagram) noexcept;

// Writes the TCP, UDP, ICMP or ICMPv6 checksum of a whole datagram; does nothing to fragments and
// other protocols. REQUIRES: `datagram` is what parse() said of `bytes`.
void write_transport_checksum(std::span<std::uint8_t> bytes, const Datagram& datagram) noexcept;

}  // namespace poise::wire
