// TCP, UDP, ICMP and ICMPv6 headers, and the datagrams that ICMP errors quote.
#include "model/wire/transport.h"

#include "model/wire/bytes.h"
#include "model/wire/extension_headers.h"

namespace poise::wire {
namespace {

// A header that should be here and is not: a first fragment may not be that small (RFC 1858).
Malformed cut_off(const Datagram& datagram) {
  return datagram.is_fragment ? Malformed::tiny_fragment : Malformed::truncated;
}

void set_payload(Datagram& out, std::size_t header_size, std::size_t payload_size) {
  out.payload_offset = static_cast<std::uint16_t>(out.transport_offset + header_size);
  out.payload_size = static_cast<std::uint16_t>(payload_size);
}

Malformed read_tcp(const std::uint8_t* at, std::size_t size, Datagram& out) {
  if (size < 20) return cut_off(out);
  const std::size_t header_size = static_cast<std::size_t>(at[12] >> 4) * 4;
  if (header_size < 20) return Malformed::transport_length;
  if (header_size > size)
    return out.is_fragment ? Malformed::tiny_fragment : Malformed::transport_length;
  out.source_port = load16(at);
  out.destination_port = load16(at + 2);
  out.tcp_flags = at[13];
  set_payload(out, header_size, size - header_size);
  return Malformed::none;
}

Malformed read_udp(const std::uint8_t* at, std::size_t size, Datagram& out) {
  if (size < 8) return cut_off(out);
  const std::size_t length = load16(at + 4);
  if (length < 8 || (length > size && !out.is_fragment)) return Malformed::transport_length;
  out.source_port = load16(at);
  out.destination_port = load16(at + 2);
  set_payload(out, 8, (length < size ? length : size) - 8);
  return Malformed::none;
}

// `at` is where the quoted transport header starts, `size` what is left of the quote.
Malformed read_quoted_ports(const std::uint8_t* at, std::size_t size, Quoted& out) {
  out.has_ports = false;
  out.source_port = out.destination_port = 0;
  if (out.protocol != protocol::kTcp && out.protocol != protocol::kUdp) return Malformed::none;
  if (size < 4) return Malformed::quoted;
  out.has_ports = true;
  out.source_port = load16(at);
  out.destination_port = load16(at + 2);
  return Malformed::none;
}

Malformed read_quoted_v4(std::span<const std::uint8_t> quote, Quoted& out) {
  if (quote.size() < 20 || quote[0] >> 4 != 4) return Malformed::quoted;
  const std::size_t header_size = std::size_t{quote[0] & 0xfu} * 4;
  if (header_size < 20 || header_size > quote.size()) return Malformed::quoted;
  out.source = load_v4(quote.data() + 12);
  out.destination = load_v4(quote.data() + 16);
  out.protocol = quote[9];
  if ((load16(quote.data() + 6) & 0x1fff) != 0) {
    out.has_ports = false;
    out.source_port = out.destination_port = 0;
    return Malformed::none;
  }
  return read_quoted_ports(quote.data() + header_size, quote.size() - header_size, out);
}

Malformed read_quoted_v6(std::span<const std::uint8_t> quote, Quoted& out) {
  if (quote.size() < 40 || quote[0] >> 4 != 6) return Malformed::quoted;
  if (is_mapped(quote.data() + 8) || is_mapped(quote.data() + 24)) return Malformed::quoted;
  out.source = load_v6(quote.data() + 8);
  out.destination = load_v6(quote.data() + 24);
  ExtensionHeaders extensions;
  if (walk_extension_headers(quote, extensions) != Malformed::none) return Malformed::quoted;
  out.protocol = extensions.protocol;
  if (extensions.fragment_offset != 0) {
    out.has_ports = false;
    out.source_port = out.destination_port = 0;
    return Malformed::none;
  }
  return read_quoted_ports(quote.data() + extensions.offset, quote.size() - extensions.offset, out);
}

// Unreachable, source quench, redirect, time exceeded, parameter problem.
bool is_v4_error(std::uint8_t type) {
  return type == 3 || type == 4 || type == 5 || type == 11 || type == 12;
}

// Unreachable, packet too big, time exceeded, parameter problem.
bool is_v6_error(std::uint8_t type) {
  return type >= 1 && type <= 4;
}

Malformed read_icmp(const std::uint8_t* at, std::size_t size, Datagram& out) {
  if (size < 8) return cut_off(out);
  out.icmp_type = at[0];
  out.icmp_code = at[1];
  set_payload(out, 8, size - 8);
  const std::span<const std::uint8_t> rest{at + 8, size - 8};
  if (out.family == Family::v4) {
    if (!is_v4_error(out.icmp_type)) return Malformed::none;
    out.is_icmp_error = true;
    if (out.icmp_type == 3 && out.icmp_code == 4) out.icmp_mtu = load16(at + 6);
    return read_quoted_v4(rest, out.quoted);
  }
  if (!is_v6_error(out.icmp_type)) return Malformed::none;
  out.is_icmp_error = true;
  if (out.icmp_type == 2) out.icmp_mtu = load32(at + 4);
  return read_quoted_v6(rest, out.quoted);
}

}  // namespace

Malformed read_transport(const std::uint8_t* datagram, Datagram& out) noexcept {
  const std::uint8_t* at = datagram + out.transport_offset;
  const std::size_t size = out.total_size - out.transport_offset;
  const std::uint8_t icmp = out.family == Family::v4 ? protocol::kIcmp : protocol::kIcmpv6;
  if (!out.is_later_fragment()) {
    if (out.protocol == protocol::kTcp) return read_tcp(at, size, out);
    if (out.protocol == protocol::kUdp) return read_udp(at, size, out);
    if (out.protocol == icmp) return read_icmp(at, size, out);
  } else if (out.protocol == protocol::kTcp && out.fragment_offset == 8) {
    return Malformed::tiny_fragment;  // it would overwrite the flags
  }
  set_payload(out, 0, size);
  return Malformed::none;
}

}  // namespace poise::wire
