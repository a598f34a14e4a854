// Tunnels from a balancer to its backends: a header prepared once, prepended per packet, stripped
// at the far end.
//
//   caplance  | IP | UDP :1337 | inner datagram |             Caplance's bare IP in UDP
//   gue       | IP | UDP :6080 | GUE 4 | inner datagram |     draft-ietf-intarea-gue, variant 0
//   ipip      | IP | inner datagram |                         RFC 2003, RFC 2473, RFC 4213
//   (protocol 4 or 41) gre       | IP | GRE 4 | inner datagram |                 RFC 2784
//
// Inner and outer may be of either family, in any combination.
//
//   GUE:  |0 0|C=0| hlen=0 |  proto/ctype: 4 or 41 |  flags = 0                    |
//   GRE:  |0| reserved = 0             | version=0 |  protocol type: 0x0800 0x86dd |
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "model/address.h"
#include "model/packet.h"
#include "model/wire/datagram.h"

namespace poise::wire {

enum class Encapsulation : std::uint8_t { caplance, gue, ipip, gre };

inline constexpr std::uint16_t kCaplancePort = 1337;
inline constexpr std::uint16_t kGuePort = 6080;

std::string_view to_string(Encapsulation encapsulation);
std::optional<Encapsulation> parse_encapsulation(std::string_view name);

// Bytes that a tunnel adds in front of a datagram: at most 52, which fits kHeadroom.
constexpr std::size_t overhead(Encapsulation encapsulation, Family outer) {
  const std::size_t ip = outer == Family::v4 ? 20 : 40;
  switch (encapsulation) {
    case Encapsulation::caplance:
      return ip + 8;
    case Encapsulation::gue:
      return ip + 12;
    case Encapsulation::ipip:
      return ip;
    case Encapsulation::gre:
      return ip + 4;
  }
  return ip;
}

// The outer headers of one tunnel. Outer IPv4: DF set, ID 0 (RFC 6864), TTL 64, header checksum
// finished from a sum prepared in the constructor. DSCP and ECN are copied from the inner header
// (RFC 6040, normal mode). The UDP checksum is zero: allowed over IPv4, and over IPv6 by RFC 6935
// and 6936.
class TunnelHeader {
 public:
  TunnelHeader() = default;  // fits no packet
  // REQUIRES: source and destination are of one family.
  TunnelHeader(Encapsulation encapsulation, const Address& source, const Address& destination);

  // Prepends the outer headers. `entropy` spreads flows over paths and receive queues: it is the
  // UDP source port, and over IPv6 it also chooses the flow label (RFC 6438). ipip and gre over
  // IPv4 have no place for it: between two hosts all their flows share one path. (Katran spreads
  // them by forging the outer source address; that is out of scope here.) REQUIRES: the packet is
  // one IPv4 or IPv6 datagram without padding, and fits(packet).
  void apply(Packet& packet, std::uint16_t entropy) const noexcept;

  // There is headroom, and the result's length fits its header.
  bool fits(const Packet& packet) const {
    return size_ != 0 && packet.headroom() >= size_ && packet.size() + size_ <= 65535;
  }
  std::size_t size() const { return size_; }
  Encapsulation encapsulation() const { return encapsulation_; }
  Address source() const { return source_; }
  Address destination() const { return destination_; }

 private:
  std::array<std::uint8_t, 52> bytes_{};  // as for an empty IPv4 inner datagram with TOS 0
  std::uint32_t ip_sum_ = 0;  // of the outer IPv4 header with length, TOS and checksum 0
  std::uint8_t size_ = 0;
  Encapsulation encapsulation_ = Encapsulation::gue;
  Family outer_ = Family::v4;
  Address source_, destination_;
};

// Strips a tunnel in place, after checking it: the outer datagram, protocol and port, the tunnel's
// own header, the UDP checksum when there is one, and that an IP header of the right version lies
// inside with no more bytes than there are. Then the packet is the inner datagram, without padding,
// and a congestion mark outside is carried in (RFC 6040). Any other answer leaves the packet as it
// was. The inner datagram is not parsed further: parse() it.
[[nodiscard]] Malformed decapsulate(Encapsulation encapsulation, Packet& packet) noexcept;

}  // namespace poise::wire
