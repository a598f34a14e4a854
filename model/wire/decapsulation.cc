// Stripping a tunnel: check everything first, then cut.
#include "model/wire/bytes.h"
#include "model/wire/checksum.h"
#include "model/wire/encapsulation.h"
#include "model/wire/rewrite.h"

namespace poise::wire {
namespace {

constexpr std::uint8_t kEcnMask = 3, kNotCapable = 0, kCongested = 3;

// What a tunnel holds: where the inner datagram starts, how many bytes there are, and its version.
struct Inside {
  std::size_t offset = 0;
  std::size_t size = 0;
  int version = 0;  // 0: either
};

Malformed look_into_udp(Encapsulation encapsulation, std::span<const std::uint8_t> bytes,
                        const Datagram& outer, Inside& inside) {
  const std::uint16_t port = encapsulation == Encapsulation::gue ? kGuePort : kCaplancePort;
  if (!outer.is_udp()) return Malformed::not_tunnel;
  if (outer.is_fragment) return Malformed::tunnel_fragment;
  if (outer.destination_port != port) return Malformed::not_tunnel;
  const bool has_checksum = load16(bytes.data() + outer.transport_offset + 6) != 0;
  if (has_checksum && !has_right_transport_checksum(bytes, outer))
    return Malformed::tunnel_checksum;
  inside = {outer.payload_offset, outer.payload_size, 0};
  if (encapsulation == Encapsulation::caplance) return Malformed::none;

  const std::uint8_t* gue = bytes.data() + outer.payload_offset;
  if (inside.size < 4) return Malformed::tunnel_header;
  if (gue[0] != 0 || gue[2] != 0 || gue[3] != 0) return Malformed::tunnel_header;
  if (gue[1] != protocol::kIpv4 && gue[1] != protocol::kIpv6) return Malformed::tunnel_header;
  inside = {inside.offset + 4, inside.size - 4, gue[1] == protocol::kIpv4 ? 4 : 6};
  return Malformed::none;
}

Malformed look_into_ip(std::span<const std::uint8_t> bytes, const Datagram& outer, Inside& inside) {
  const bool is_gre = outer.protocol == protocol::kGre;
  if (outer.is_fragment) return Malformed::tunnel_fragment;
  inside = {outer.payload_offset, outer.payload_size, 0};
  if (!is_gre) {
    inside.version = outer.protocol == protocol::kIpv4 ? 4 : 6;
    return Malformed::none;
  }
  const std::uint8_t* gre = bytes.data() + outer.payload_offset;
  if (inside.size < 4 || load16(gre) != 0) return Malformed::tunnel_header;
  const std::uint16_t type = load16(gre + 2);
  if (type != 0x0800 && type != 0x86dd) return Malformed::tunnel_header;
  inside = {inside.offset + 4, inside.size - 4, type == 0x0800 ? 4 : 6};
  return Malformed::none;
}

Malformed look_into(Encapsulation encapsulation, std::span<const std::uint8_t> bytes,
                    const Datagram& outer, Inside& inside) {
  switch (encapsulation) {
    case Encapsulation::caplance:
    case Encapsulation::gue:
      return look_into_udp(encapsulation, bytes, outer, inside);
    case Encapsulation::ipip:
      if (outer.protocol != protocol::kIpv4 && outer.protocol != protocol::kIpv6)
        return Malformed::not_tunnel;
      return look_into_ip(bytes, outer, inside);
    case Encapsulation::gre:
      if (outer.protocol != protocol::kGre) return Malformed::not_tunnel;
      return look_into_ip(bytes, outer, inside);
  }
  return Malformed::not_tunnel;
}

// The inner datagram's own size; 0 when it is none.
std::size_t inner_size(const std::uint8_t* at, const Inside& inside) {
  if (inside.size == 0) return 0;
  const int version = at[0] >> 4;
  if (inside.version != 0 && version != inside.version) return 0;
  std::size_t size = 0;
  if (version == 4 && inside.size >= 20) size = load16(at + 2) >= 20 ? load16(at + 2) : 0;
  if (version == 6 && inside.size >= 40) size = 40 + std::size_t{load16(at + 4)};
  return size <= inside.size ? size : 0;
}

std::uint8_t ecn_of(const std::uint8_t* ip) {
  return (ip[0] >> 4 == 6 ? ip[1] >> 4 : ip[1]) & kEcnMask;
}

}  // namespace

Malformed decapsulate(Encapsulation encapsulation, Packet& packet) noexcept {
  const std::span<const std::uint8_t> bytes = packet.bytes();
  Datagram outer;
  if (Malformed bad = parse(bytes, outer); bad != Malformed::none) return bad;
  Inside inside;
  if (Malformed bad = look_into(encapsulation, bytes, outer, inside); bad != Malformed::none)
    return bad;
  const std::uint8_t* inner = bytes.data() + inside.offset;
  const std::size_t size = inner_size(inner, inside);
  if (size == 0) return Malformed::tunnel_inner;
  const bool is_congested = (outer.tos & kEcnMask) == kCongested;
  if (is_congested && ecn_of(inner) == kNotCapable) return Malformed::tunnel_congestion;

  packet.remove_prefix(inside.offset);
  packet.resize(size);
  if (is_congested) mark_congestion(packet);
  return Malformed::none;
}

}  // namespace poise::wire
