// One pass over an IP datagram: the IPv4 and IPv6 headers. What they carry is read in transport.cc.
#include "model/wire/datagram.h"

#include <array>
#include <bit>
#include <cstddef>

#include "model/wire/bytes.h"
#include "model/wire/checksum.h"
#include "model/wire/extension_headers.h"
#include "model/wire/transport.h"

namespace poise::wire {
namespace {

// Everything but the addresses, which every path writes, and the quoted datagram, which only an
// ICMP error has: clearing those would cost as much as reading the header.
inline void clear(Datagram& out, Family family) {
  out.source_port = out.destination_port = 0;
  out.family = family;
  out.tcp_flags = out.icmp_type = out.icmp_code = 0;
  out.is_fragment = out.more_fragments = false;
  out.dont_fragment = family == Family::v6;
  out.has_options = out.has_source_route = out.is_icmp_error = false;
  out.fragment_id = out.fragment_offset = out.icmp_mtu = 0;
}

inline std::uint64_t native32(const std::uint8_t* at) {
  std::uint32_t word;
  std::memcpy(&word, at, 4);
  return word;
}

// A sum of few 32-bit words that has the header's checksum among them folds to 0xffff when that is
// right, in any byte order (RFC 1071, 1.3 and 2 B). REQUIRES: fewer than 2^16 words were summed.
inline bool is_right(std::uint64_t sum) {
  sum = (sum & 0xffff) + (sum >> 16 & 0xffff) + (sum >> 32);
  return (sum & 0xffff) + (sum >> 16) == 0xffff;
}

bool has_right_checksum(const std::uint8_t* header, std::size_t size) {
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < size; i += 4) sum += native32(header + i);
  return is_right(sum);
}

// Options: 0 ends them, 1 is one byte, all others carry their length (RFC 791, 3.1).
Malformed read_v4_options(const std::uint8_t* at, std::size_t size, Datagram& out) {
  constexpr std::uint8_t kLooseSourceRoute = 131, kStrictSourceRoute = 137;
  out.has_options = true;
  for (std::size_t i = 0; i < size && at[i] != 0;) {
    if (at[i] == 1) {
      ++i;
      continue;
    }
    if (size - i < 2 || at[i + 1] < 2 || at[i + 1] > size - i) return Malformed::options;
    if (at[i] == kLooseSourceRoute || at[i] == kStrictSourceRoute) out.has_source_route = true;
    i += at[i + 1];
  }
  return Malformed::none;
}

// Fragments must fit the largest datagram, and all but the last come in multiples of 8 bytes.
Malformed check_fragment(const Datagram& datagram, std::size_t data_size) {
  if (datagram.fragment_offset + data_size > 65535) return Malformed::fragment;
  if (data_size == 0) return Malformed::fragment;
  if (datagram.more_fragments && data_size % 8 != 0) return Malformed::fragment;
  return Malformed::none;
}

Malformed parse_v4(std::span<const std::uint8_t> bytes, Datagram& out) {
  if (bytes.size() < 20) return Malformed::truncated;
  const std::uint8_t* at = bytes.data();
  const std::size_t header_size = std::size_t{at[0] & 0xfu} * 4;
  if (header_size < 20 || header_size > bytes.size()) return Malformed::header_length;
  if (!has_right_checksum(at, header_size)) return Malformed::header_checksum;
  const std::size_t total_size = load16(at + 2);
  if (total_size < header_size || total_size > bytes.size()) return Malformed::total_length;

  clear(out, Family::v4);
  out.source = load_v4(at + 12);
  out.destination = load_v4(at + 16);
  out.tos = at[1];
  out.ttl = at[8];
  out.protocol = at[9];
  out.fragment_id = load16(at + 4);
  out.total_size = static_cast<std::uint32_t>(total_size);
  out.transport_offset = static_cast<std::uint16_t>(header_size);
  const std::uint16_t fragment = load16(at + 6);  // 0 DF MF offset (13)
  out.dont_fragment = (fragment & 0x4000) != 0;
  if (header_size != 20)
    if (Malformed bad = read_v4_options(at + 20, header_size - 20, out); bad != Malformed::none)
      return bad;
  if ((fragment & 0x3fff) != 0) {
    out.is_fragment = true;
    out.more_fragments = (fragment & 0x2000) != 0;
    out.fragment_offset = (fragment & 0x1fffu) * 8;
    if (Malformed bad = check_fragment(out, total_size - header_size); bad != Malformed::none)
      return bad;
  }
  return read_transport(at, out);
}

// Both ports in one store: they are soon read together.
inline void store_ports(Datagram& out, const std::uint8_t* at) {
  static_assert(offsetof(Datagram, destination_port) == offsetof(Datagram, source_port) + 2);
  const std::uint32_t ports = std::rotl(load32(at), 16);
  std::memcpy(reinterpret_cast<char*>(&out) + offsetof(Datagram, source_port), &ports, 4);
}

// The bulk of all traffic in a straight line: IPv4 without options, not fragmented, TCP or UDP.
// False when it is anything else or wrong in any way; then parse_v4() says what.
inline bool parse_plain(std::span<const std::uint8_t> bytes, Datagram& out) {
  if (bytes.size() < 40) return false;
  const std::uint8_t* at = bytes.data();
  const std::uint16_t flags_and_offset = load16(at + 6);
  const std::uint32_t total_size = load16(at + 2);
  if (at[0] != 0x45 || (flags_and_offset & 0x3fff) != 0) return false;
  if (!is_right(native32(at) + native32(at + 4) + native32(at + 8) + native32(at + 12) +
                native32(at + 16)))
    return false;
  if (total_size > bytes.size() || total_size < 40) return false;
  std::uint32_t payload_offset = 28, payload_end = total_size;
  std::uint8_t tcp_flags = 0;
  if (at[9] == protocol::kTcp) {
    payload_offset = 20u + (at[32] >> 4) * 4u;
    if (payload_offset < 40 || payload_offset > total_size) return false;
    tcp_flags = at[33];
  } else {
    payload_end = 20u + load16(at + 24);
    if (at[9] != protocol::kUdp || payload_end < 28 || payload_end > total_size) return false;
  }
  clear(out, Family::v4);
  out.source = load_v4(at + 12);
  out.destination = load_v4(at + 16);
  store_ports(out, at + 20);
  out.transport_offset = 20;
  out.payload_offset = static_cast<std::uint16_t>(payload_offset);
  out.payload_size = static_cast<std::uint16_t>(payload_end - payload_offset);
  out.protocol = at[9];
  out.tcp_flags = tcp_flags;
  out.tos = at[1];
  out.ttl = at[8];
  out.dont_fragment = (flags_and_offset & 0x4000) != 0;
  out.total_size = total_size;
  out.fragment_id = load16(at + 4);
  return true;
}

Malformed parse_v6(std::span<const std::uint8_t> bytes, Datagram& out) {
  if (bytes.size() < 40) return Malformed::truncated;
  const std::uint8_t* at = bytes.data();
  const std::size_t total_size = 40 + std::size_t{load16(at + 4)};
  if (total_size > bytes.size()) return Malformed::total_length;
  if (is_mapped(at + 8) || is_mapped(at + 24)) return Malformed::mapped_address;

  clear(out, Family::v6);
  out.source = load_v6(at + 8);
  out.destination = load_v6(at + 24);
  out.tos = static_cast<std::uint8_t>(at[0] << 4 | at[1] >> 4);
  out.ttl = at[7];
  out.total_size = static_cast<std::uint32_t>(total_size);

  ExtensionHeaders extensions;
  if (Malformed bad = walk_extension_headers(bytes.first(total_size), extensions);
      bad != Malformed::none)
    return bad;
  out.protocol = extensions.protocol;
  out.transport_offset = static_cast<std::uint16_t>(extensions.offset);
  out.has_options = extensions.has_others;
  out.has_source_route = extensions.has_source_route;
  if (extensions.has_fragment) {
    out.fragment_id = extensions.fragment_id;
    out.fragment_offset = extensions.fragment_offset;
    out.more_fragments = extensions.more_fragments;
    // An "atomic" fragment is whole (RFC 6946).
    out.is_fragment = out.more_fragments || out.fragment_offset != 0;
    if (out.is_fragment)
      if (Malformed bad = check_fragment(out, total_size - extensions.offset);
          bad != Malformed::none)
        return bad;
  }
  return read_transport(at, out);
}

// Apart from parse(), whose registers it would otherwise take.
[[gnu::noinline]] Malformed parse_any(std::span<const std::uint8_t> bytes, Datagram& out) {
  if (bytes.empty()) return Malformed::empty;
  const int version = bytes[0] >> 4;
  if (version == 4) return parse_v4(bytes, out);
  if (version == 6) return parse_v6(bytes, out);
  return Malformed::version;
}

constexpr std::array<std::string_view, kMalformedCount> kNames{"none",
                                                               "empty",
                                                               "version",
                                                               "truncated",
                                                               "header_length",
                                                               "header_checksum",
                                                               "total_length",
                                                               "options",
                                                               "extension_headers",
                                                               "fragment",
                                                               "tiny_fragment",
                                                               "transport_length",
                                                               "mapped_address",
                                                               "quoted",
                                                               "not_tunnel",
                                                               "tunnel_header",
                                                               "tunnel_fragment",
                                                               "tunnel_checksum",
                                                               "tunnel_congestion",
                                                               "tunnel_inner"};
static_assert(static_cast<std::size_t>(Malformed::tunnel_inner) + 1 == kMalformedCount);

}  // namespace

std::string_view to_string(Malformed malformed) {
  return kNames[static_cast<std::size_t>(malformed)];
}

Malformed parse(std::span<const std::uint8_t> bytes, Datagram& out) noexcept {
  if (parse_plain(bytes, out)) [[likely]]
    return Malformed::none;
  return parse_any(bytes, out);
}

}  // namespace poise::wire
