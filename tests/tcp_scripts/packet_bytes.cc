// Datagrams of a script, written and read byte by byte.
#include "tests/tcp_scripts/packet_bytes.h"

#include <array>

#include "model/wire/build.h"
#include "model/wire/bytes.h"
#include "model/wire/checksum.h"
#include "model/wire/datagram.h"
#include "model/wire/icmp.h"
#include "tests/tcp_scripts/options_text.h"

namespace poise::tcp::script {

namespace {

constexpr std::string_view kFlags = "FSRP.UEW";  // by bit
constexpr std::array<std::string_view, 4> kEcn = {"noecn", "ect1", "ect0", "ce"};

struct Extent {
  std::uint32_t begin = 0;
  std::size_t size = 0;
};

// FROM:TO(SIZE): TO = FROM + SIZE.
Extent parse_extent(std::string_view text) {
  Cursor line(text);
  const bool negative = line.take("-");
  const auto from = static_cast<std::uint32_t>(line.take_number(UINT32_MAX));
  Extent extent;
  extent.begin = negative ? 0 - from : from;
  line.must_take(":");
  const bool negative_to = line.take("-");
  const auto to = static_cast<std::uint32_t>(line.take_number(UINT32_MAX));
  line.must_take("(");
  extent.size = line.take_number(65000);
  line.must_take(")");
  if ((negative_to ? 0 - to : to) != extent.begin + extent.size)
    throw Wrong("`" + std::string(text) + "` does not add up");
  return extent;
}

std::uint8_t flags_of(const std::string& text) {
  std::uint8_t flags = 0;
  for (const char flag : text) flags |= static_cast<std::uint8_t>(1u << kFlags.find(flag));
  return flags;
}

std::uint16_t number16(const std::string& text) {
  return text.empty() ? 0 : static_cast<std::uint16_t>(scene::number(text, 65535));
}

std::uint8_t ecn_of(const std::string& text) {
  for (std::size_t i = 0; i < kEcn.size(); ++i)
    if (kEcn[i] == text) return static_cast<std::uint8_t>(i);
  return 0;
}

// Addresses that no single host has.
Address impostor(const std::string& who, Family family) {
  const bool v4 = family == Family::v4;
  if (who == "multicast") return *Address::parse(v4 ? "224.0.0.1" : "ff02::1");
  if (who == "nobody") return *Address::parse(v4 ? "0.0.0.0" : "::");
  if (who == "loopback") return *Address::parse(v4 ? "127.0.0.1" : "::1");
  throw Wrong("`" + who + "` is not multicast, nobody or loopback");
}

wire::Datagram parsed(std::span<const std::uint8_t> bytes) {
  wire::Datagram datagram;
  if (wire::parse(bytes, datagram) != wire::Malformed::none || !datagram.is_tcp())
    throw Wrong("what left is no TCP segment");
  return datagram;
}

std::string signed_text(std::uint32_t value) {
  return std::to_string(static_cast<std::int32_t>(value));
}

void check_payload(std::span<const std::uint8_t> payload, std::uint32_t sequence) {
  for (std::size_t i = 0; i < payload.size(); ++i)
    if (payload[i] != pattern_at(sequence - 1 + i))
      throw Wrong("the byte at " + std::to_string(sequence + i) + " is not the stream's");
}

}  // namespace

std::uint8_t pattern_at(std::uint64_t offset) {
  return static_cast<std::uint8_t>(offset * 37 + (offset >> 8) * 101 + (offset >> 16) * 57 + 11);
}

std::vector<std::uint8_t> encode(const PacketText& packet, const Ends& ends,
                                 const Numbering& numbering) {
  const Extent extent = parse_extent(packet.sequence);
  const std::vector<std::uint8_t> options = encode_options(packet.options, numbering);
  // The options go where build() puts the payload; then the header's length is set.
  std::vector<std::uint8_t> rest = options;
  const std::uint32_t first = extent.begin - (packet.flags.find('S') == std::string::npos ? 1 : 0);
  for (std::size_t i = 0; i < extent.size; ++i) rest.push_back(pattern_at(first + i));
  wire::TcpSegment segment;
  segment.source = ends.theirs, segment.source.port = packet.port;
  segment.destination = ends.ours;
  if (!packet.from.empty())
    segment.source.address = impostor(packet.from, ends.ours.address.family());
  segment.sequence = numbering.theirs + extent.begin;
  if (!packet.ack.empty())
    segment.acknowledgment = numbering.ours.value_or(0) +
                             static_cast<std::uint32_t>(scene::number(packet.ack, UINT32_MAX));
  segment.flags = flags_of(packet.flags);
  segment.window = number16(packet.win);
  segment.payload = rest;
  segment.ip.tos = ecn_of(packet.ecn);
  std::vector<std::uint8_t> bytes = wire::build(segment);
  const wire::Datagram datagram = parsed(bytes);
  std::uint8_t* tcp = bytes.data() + datagram.transport_offset;
  tcp[12] = static_cast<std::uint8_t>((5 + options.size() / 4) << 4);
  wire::store16(tcp + 18, number16(packet.urg));
  wire::write_transport_checksum(bytes, datagram);
  if (packet.header_words) {
    tcp[12] = static_cast<std::uint8_t>(*packet.header_words << 4);
    wire::write_transport_checksum(bytes, datagram);
  }
  if (packet.bad_checksum) tcp[16] ^= 0x55;
  if (packet.is_fragment) bytes = wire::fragment(bytes, ends.ours.address.is_v4() ? 68 : 80, 7)[0];
  return bytes;
}

std::vector<std::uint8_t> encode_icmp(const std::string& kind, std::uint32_t mtu,
                                      const PacketText& about, const Ends& ends,
                                      const Numbering& numbering) {
  const Extent extent = parse_extent(about.sequence);
  const std::vector<std::uint8_t> payload(extent.size);
  wire::TcpSegment segment;
  segment.source = ends.ours;
  segment.destination = ends.theirs, segment.destination.port = about.port;
  segment.sequence = numbering.ours.value_or(0) + extent.begin;
  segment.flags = wire::tcp_flag::kAck;
  segment.payload = payload;
  const std::vector<std::uint8_t> offending = wire::build(segment);
  if (kind != "frag_needed" && kind != "port_unreachable")
    throw Wrong("`" + kind + "` is not frag_needed or port_unreachable");
  const auto error =
      kind == "frag_needed" ? wire::IcmpError::packet_too_big : wire::IcmpError::port_unreachable;
  std::vector<std::uint8_t> memory(wire::kIcmpErrorMax);
  const Address router =
      ends.theirs.address.is_v4() ? Address::v4(0xc0000201) : *Address::parse("2001:db8:1::1");
  memory.resize(wire::build_icmp_error(error, offending, parsed(offending), router, mtu, memory));
  return memory;
}

PacketText decode(std::span<const std::uint8_t> bytes, Numbering& numbering,
                  std::int64_t milliseconds) {
  const wire::Datagram datagram = parsed(bytes);
  if (!wire::has_right_transport_checksum(bytes, datagram)) throw Wrong("a wrong checksum left");
  const std::uint8_t* tcp = bytes.data() + datagram.transport_offset;
  const std::uint8_t flags = tcp[13];
  const std::uint32_t sequence = wire::load32(tcp + 4);
  if ((flags & wire::tcp_flag::kSyn) != 0 && !numbering.ours) numbering.ours = sequence;
  const std::uint32_t relative = sequence - numbering.ours.value_or(0);

  PacketText packet;
  packet.ecn = kEcn[datagram.tos & 3u];
  packet.port = wire::load16(tcp + 2);
  for (std::size_t bit = 0; bit < kFlags.size(); ++bit)
    if ((flags >> bit & 1u) != 0 && kFlags[bit] != '.') packet.flags += kFlags[bit];
  if ((flags & wire::tcp_flag::kAck) != 0) {
    packet.flags += '.';
    packet.ack = signed_text(wire::load32(tcp + 8) - numbering.theirs);
  }
  const std::uint32_t size = datagram.payload_size;
  packet.sequence =
      signed_text(relative) + ":" + signed_text(relative + size) + "(" + std::to_string(size) + ")";
  packet.win = std::to_string(wire::load16(tcp + 14));
  packet.options =
      decode_options(bytes.subspan(datagram.transport_offset + 20u,
                                   datagram.payload_offset - datagram.transport_offset - 20u),
                     numbering, milliseconds, (flags & wire::tcp_flag::kSyn) != 0);
  check_payload(bytes.subspan(datagram.payload_offset, size), relative);
  return packet;
}

std::uint16_t peer_port(std::span<const std::uint8_t> bytes) {
  return parsed(bytes).destination_port;
}

}  // namespace poise::tcp::script
