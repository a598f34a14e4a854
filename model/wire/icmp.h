// ICMP and ICMPv6 messages that a balancer answers with: errors about a datagram, echo replies.
#pragma once

#include <cstdint>
#include <span>

#include "model/packet.h"
#include "model/wire/datagram.h"

namespace poise::wire {

enum class IcmpError : std::uint8_t {
  packet_too_big,    // IPv4: type 3 code 4, "fragmentation needed" (RFC 1191); IPv6: type 2 (RFC
                     // 4443)
  time_exceeded,     // IPv4: type 11 code 0; IPv6: type 3 code 0
  port_unreachable,  // IPv4: type 3 code 3; IPv6: type 1 code 4
};

// Bytes of the largest error: IPv4 576 (RFC 1812, 4.3.2.3), IPv6 1,280 (RFC 4443, 2.4 c).
inline constexpr std::size_t kIcmpErrorMax = 1280;

// Builds the error about `offending` into `memory`, from `from` to the datagram's sender, quoting
// as much as the limits above and `memory` allow. `mtu` is written for packet_too_big, at most
// 65,535 over IPv4. Returns its size; 0 when none may be sent (RFC 1122, 3.2.2; RFC 4443, 2.4 e):
// about an ICMP error, a later fragment, or a datagram whose source or destination is no single
// host; or when the families differ or `memory` is too small (kIcmpErrorMax always suffices).
// REQUIRES: `datagram` is what parse() said of `offending`.
[[nodiscard]] std::size_t build_icmp_error(IcmpError error, std::span<const std::uint8_t> offending,
                                           const Datagram& datagram, const Address& from,
                                           std::uint32_t mtu,
                                           std::span<std::uint8_t> memory) noexcept;

// Turns an echo request into its reply in place: addresses swapped, TTL 64, checksums mended.
// Returns false, and leaves the packet alone, when it is no whole, option-less echo request.
// REQUIRES: `datagram` is what parse() said of the packet.
bool make_echo_reply(Packet& packet, const Datagram& datagram) noexcept;

}  // namespace poise::wire
