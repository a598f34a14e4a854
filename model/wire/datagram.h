// What a balancer needs to know of an IP datagram, read in one total pass over its bytes.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "model/address.h"

namespace poise::wire {

// Upper-layer protocol numbers (IANA) that this room knows by name.
namespace protocol {
inline constexpr std::uint8_t kHopByHop = 0;
inline constexpr std::uint8_t kIcmp = 1;
inline constexpr std::uint8_t kIpv4 = 4;  // IPv4 in IP
inline constexpr std::uint8_t kTcp = 6;
inline constexpr std::uint8_t kUdp = 17;
inline constexpr std::uint8_t kIpv6 = 41;  // IPv6 in IP
inline constexpr std::uint8_t kRouting = 43;
inline constexpr std::uint8_t kFragment = 44;
inline constexpr std::uint8_t kGre = 47;
inline constexpr std::uint8_t kAuthentication = 51;
inline constexpr std::uint8_t kIcmpv6 = 58;
inline constexpr std::uint8_t kNoNextHeader = 59;
inline constexpr std::uint8_t kDestinationOptions = 60;
}  // namespace protocol

namespace tcp_flag {
inline constexpr std::uint8_t kFin = 0x01;
inline constexpr std::uint8_t kSyn = 0x02;
inline constexpr std::uint8_t kRst = 0x04;
inline constexpr std::uint8_t kPsh = 0x08;
inline constexpr std::uint8_t kAck = 0x10;
inline constexpr std::uint8_t kUrg = 0x20;
inline constexpr std::uint8_t kEce = 0x40;
inline constexpr std::uint8_t kCwr = 0x80;
}  // namespace tcp_flag

// Why bytes are not a datagram (or not the tunnel that was expected). Each is worth a counter.
enum class Malformed : std::uint8_t {
  none,
  empty,              // no bytes at all
  version,            // neither 4 nor 6
  truncated,          // shorter than a header that must be there
  header_length,      // IPv4 IHL below 5 or beyond the bytes
  header_checksum,    // IPv4 header checksum is wrong
  total_length,       // the header says more bytes than there are, or fewer than its own size
  options,            // IPv4 options that do not add up
  extension_headers,  // more than kExtensionHeadersMax, out of order, or cut off
  fragment,       // offset beyond 65,535 bytes, or an inner fragment not a multiple of 8 (RFC 791)
  tiny_fragment,  // a first fragment without its transport header, or TCP at offset 8 (RFC 1858)
  transport_length,   // TCP data offset or UDP length that contradicts the datagram
  mapped_address,     // an IPv4-mapped IPv6 address on the wire (RFC 4291, 2.5.5.2)
  quoted,             // an ICMP error whose quoted datagram cannot be read
  not_tunnel,         // decapsulate: another protocol or port than this tunnel's
  tunnel_header,      // decapsulate: GUE or GRE header with a version or flags we do not speak
  tunnel_fragment,    // decapsulate: a fragment of a tunnel packet; it is not reassembled here
  tunnel_checksum,    // decapsulate: a UDP checksum that is there and wrong
  tunnel_congestion,  // decapsulate: congestion marked outside, inner not ECN-capable (RFC
                      // 6040, 4.2)
  tunnel_inner,       // decapsulate: what is inside is not the IP datagram it should be
};
inline constexpr std::size_t kMalformedCount = 20;

// The enumerator's name.
std::string_view to_string(Malformed malformed);

// IPv6 extension headers that are walked before the datagram is refused.
inline constexpr int kExtensionHeadersMax = 8;

// The start of a datagram that an ICMP error carries, as far as it matters. Routers cut quotes
// short: only the IP header and, for TCP and UDP, the two ports must be there.
struct Quoted {
  Address source;
  Address destination;
  std::uint16_t source_port = 0;  // 0 unless has_ports
  std::uint16_t destination_port = 0;
  std::uint8_t protocol = 0;
  bool has_ports = false;  // TCP or UDP, and not a later fragment
};

// All offsets count from the datagram's first byte.
//
//   |<------------------------ total_size ------------------------>| padding
//   | IP header, options | transport header | payload              |
//   ^0                   ^transport_offset  ^payload_offset, payload_size
//
// Of a later fragment (fragment_offset > 0) and of protocols other than TCP, UDP, ICMP and ICMPv6
// the transport header is not known: ports are 0 and the payload starts at transport_offset.
struct Datagram {
  Address source;
  Address destination;
  std::uint16_t source_port = 0;
  std::uint16_t destination_port = 0;
  std::uint16_t transport_offset = 0;
  std::uint16_t payload_offset = 0;
  std::uint16_t payload_size = 0;
  std::uint8_t protocol = 0;   // after the IPv6 extension headers
  std::uint8_t tcp_flags = 0;  // tcp_flag::...; 0 unless TCP
  std::uint8_t tos = 0;        // IPv4 type of service or IPv6 traffic class: DSCP and ECN
  std::uint8_t ttl = 0;        // or hop limit
  Family family = Family::v4;
  bool dont_fragment = false;     // IPv4 DF; always true for IPv6
  bool is_fragment = false;       // any part of a fragmented datagram
  bool more_fragments = false;    // not the last part
  bool has_options = false;       // IPv4 options, or IPv6 extension headers other than Fragment
  bool has_source_route = false;  // LSRR or SSRR, or a routing header with segments left
  bool is_icmp_error = false;     // then `quoted` is filled, otherwise it is left as it was
  std::uint8_t icmp_type = 0;     // 0 unless ICMP or ICMPv6
  std::uint8_t icmp_code = 0;
  std::uint32_t total_size = 0;       // <= the bytes given: a link may have padded
  std::uint32_t fragment_id = 0;      // IPv4 identification, or that of the Fragment header, else 0
  std::uint32_t fragment_offset = 0;  // in bytes
  std::uint32_t icmp_mtu =
      0;  // of "fragmentation needed" and "packet too big", else 0 (0: unknown)
  Quoted quoted;

  bool is_first_fragment() const { return is_fragment && fragment_offset == 0; }
  bool is_later_fragment() const { return fragment_offset != 0; }
  bool is_tcp() const { return protocol == protocol::kTcp; }
  bool is_udp() const { return protocol == protocol::kUdp; }
};

// Reads a datagram. Total: any bytes give a verdict, nothing beyond `bytes` is read, nothing is
// allocated. `out` means something only when the answer is Malformed::none. Checked: lengths, the
// IPv4 header checksum, the order of what must be in order; not checked: transport checksums
// (checksum.h). Cost: 5 to 10 ns for IPv4 without options.
[[nodiscard]] Malformed parse(std::span<const std::uint8_t> bytes, Datagram& out) noexcept;

}  // namespace poise::wire
