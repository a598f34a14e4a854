// Builds whole datagrams with right checksums: for probes, tests, tables and notebooks.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "model/address.h"
#include "model/wire/datagram.h"

namespace poise::wire {

// What stands in the IP header of whatever is built.
struct IpFields {
  std::uint8_t ttl = 64;
  std::uint8_t tos = 0;
  std::uint16_t id = 0;       // IPv4 only
  bool dont_fragment = true;  // IPv4 only
};

struct TcpSegment {
  Endpoint source;
  Endpoint destination;
  std::uint32_t sequence = 0;
  std::uint32_t acknowledgment = 0;
  std::uint8_t flags = tcp_flag::kSyn;
  std::uint16_t window = 65535;
  std::optional<std::uint16_t> mss;  // the MSS option
  // Others behind it, as they lie in the header: whole words, at most 40 bytes with the MSS.
  std::span<const std::uint8_t> options;
  std::span<const std::uint8_t> payload;
  IpFields ip;
};

struct UdpDatagram {
  Endpoint source;
  Endpoint destination;
  std::span<const std::uint8_t> payload;
  IpFields ip;
};

struct IcmpEcho {
  Address source;
  Address destination;
  bool is_reply = false;
  std::uint16_t id = 0;
  std::uint16_t sequence = 0;
  std::span<const std::uint8_t> payload;
  IpFields ip;
};

// Write into `memory` and return the size; 0 when it does not fit there, or into an IP datagram.
// REQUIRES: source and destination are of one family.
[[nodiscard]] std::size_t build_into(std::span<std::uint8_t> memory,
                                     const TcpSegment& segment) noexcept;
[[nodiscard]] std::size_t build_into(std::span<std::uint8_t> memory,
                                     const UdpDatagram& datagram) noexcept;
[[nodiscard]] std::size_t build_into(std::span<std::uint8_t> memory, const IcmpEcho& echo) noexcept;

// The same into a vector of exactly that size; empty when it does not fit an IP datagram.
std::vector<std::uint8_t> build(const TcpSegment& segment);
std::vector<std::uint8_t> build(const UdpDatagram& datagram);
std::vector<std::uint8_t> build(const IcmpEcho& echo);

// Cuts a datagram without options into fragments of at most `mtu` bytes, in order (RFC 791, RFC
// 8200); `id` names them. DF is cleared. Returns the datagram alone when it fits. REQUIRES: `bytes`
// parse, are no fragment, carry no extension headers; mtu >= 68 (IPv4) or 64 (IPv6).
std::vector<std::vector<std::uint8_t>> fragment(std::span<const std::uint8_t> bytes,
                                                std::size_t mtu, std::uint32_t id);

}  // namespace poise::wire
