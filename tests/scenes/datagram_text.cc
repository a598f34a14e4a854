// The notation of datagrams: addresses, one transport or tunnel, and modifiers in braces.
#include "tests/scenes/datagram_text.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <utility>

#include "model/packet.h"
#include "model/wire/build.h"
#include "model/wire/checksum.h"
#include "model/wire/encapsulation.h"
#include "model/wire/icmp.h"
#include "tests/scenes/option_text.h"
#include "tests/scenes/text.h"

namespace poise::scene {
namespace {

using Bytes = std::vector<std::uint8_t>;

// {ttl 1, df off, piece 2 of 600, ...}: what stands in the IP header, and what is done to the
// bytes.
struct Modifiers {
  wire::IpFields ip;
  std::size_t piece = 0, piece_mtu = 0;  // 0: whole
  bool source_route = false;
  std::optional<std::size_t> keep;  // bytes, the rest is cut off
  std::optional<std::size_t> flip;  // the byte at this offset is inverted
  std::size_t padding = 0;
};

Modifiers take_modifiers(std::string_view text) {
  Modifiers m;
  while (!trim(text).empty()) {
    const std::size_t comma = std::min(text.find(','), text.size());
    Cursor cursor(text.substr(0, comma));
    text.remove_prefix(std::min(comma + 1, text.size()));
    const std::string word = cursor.take_word();
    if (word == "ttl") {
      m.ip.ttl = static_cast<std::uint8_t>(cursor.take_number(255));
    } else if (word == "tos") {
      m.ip.tos = static_cast<std::uint8_t>(cursor.take_number(255));
    } else if (word == "id") {
      m.ip.id = static_cast<std::uint16_t>(cursor.take_number(65535));
    } else if (word == "no-df") {
      m.ip.dont_fragment = false;
    } else if (word == "source-route") {
      m.source_route = true;
    } else if (word == "cut-to") {
      m.keep = cursor.take_number(65535);
    } else if (word == "flip") {
      m.flip = cursor.take_number(65535);
    } else if (word == "pad") {
      m.padding = cursor.take_number(1000);
    } else if (word == "piece") {
      m.piece = cursor.take_number(100);
      cursor.must_take("of");
      m.piece_mtu = cursor.take_number(65535);
    } else {
      throw Wrong("`" + word +
                  "` is none of ttl, tos, id, no-df, source-route, cut-to, flip, pad, piece");
    }
    if (!cursor.at_end()) throw Wrong("`" + std::string(cursor.rest()) + "` is too much");
  }
  return m;
}

Address take_address(std::string_view text) {
  const std::optional<Address> address = Address::parse(text);
  if (!address) throw Wrong("`" + std::string(text) + "` is no address");
  return *address;
}

// 10.0.0.1.4000 or 2001:db8::1.4000: the port follows the last dot.
Endpoint take_endpoint(std::string_view text) {
  const std::size_t dot = text.rfind('.');
  if (dot == std::string_view::npos) throw Wrong("`" + std::string(text) + "` has no port");
  return {take_address(text.substr(0, dot)),
          static_cast<std::uint16_t>(number(text.substr(dot + 1), 65535))};
}

std::uint8_t tcp_flags(std::string_view text) {
  constexpr std::string_view kLetters = "FSRP.UEW";
  std::uint8_t flags = 0;
  for (const char letter : text) {
    const std::size_t bit = kLetters.find(letter);
    if (bit == std::string_view::npos) throw Wrong("`" + std::string(text) + "` are no TCP flags");
    flags = static_cast<std::uint8_t>(flags | 1u << bit);
  }
  return flags;
}

// Payload that a capture shows to be whole: 0, 1, 2, ...
Bytes payload(std::size_t size) {
  Bytes bytes(size);
  for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<std::uint8_t>(i);
  return bytes;
}

Bytes tcp(std::string_view source, std::string_view destination, Cursor& body,
          const Modifiers& modifiers) {
  wire::TcpSegment segment{.source = take_endpoint(source),
                           .destination = take_endpoint(destination),
                           .ip = modifiers.ip};
  segment.flags = tcp_flags(body.take_until("]"));
  Bytes options;
  std::size_t length = 0;
  while (body.take(",")) {
    if (body.take("seq")) {
      segment.sequence = static_cast<std::uint32_t>(body.take_number());
      if (body.take(":")) body.take_number();  // tcpdump's end; the length says it
    } else if (body.take("ack"))
      segment.acknowledgment = static_cast<std::uint32_t>(body.take_number());
    else if (body.take("win"))
      segment.window = static_cast<std::uint16_t>(body.take_number(65535));
    else if (body.take("options ["))
      options = tcp_options(body.take_until("]"));
    else if (body.take("length"))
      length = body.take_number(65535);
    else
      throw Wrong("`" + std::string(body.rest()) + "` is none of seq, ack, win, options, length");
  }
  const Bytes data = payload(length);
  segment.options = options;
  segment.payload = data;
  return wire::build(segment);
}

Bytes udp(std::string_view source, std::string_view destination, std::size_t length,
          const Modifiers& modifiers) {
  const Bytes data = payload(length);
  return wire::build(wire::UdpDatagram{.source = take_endpoint(source),
                                       .destination = take_endpoint(destination),
                                       .payload = data,
                                       .ip = modifiers.ip});
}

Bytes icmp_error(wire::IcmpError error, const Address& from, const Bytes& about,
                 std::uint32_t mtu) {
  wire::Datagram quoted;
  if (wire::parse(about, quoted) != wire::Malformed::none)
    throw Wrong("an ICMP error is about a datagram that can be read");
  Bytes bytes(wire::kIcmpErrorMax);
  bytes.resize(wire::build_icmp_error(error, about, quoted, from, mtu, bytes));
  return bytes;
}

// ICMP echo request, id 1, seq 2, length 8 | ICMP need-to-frag mtu 1400 about (...) | ...
Bytes icmp(const Address& source, const Address& destination, Cursor& body,
           const Modifiers& modifiers) {
  if (body.take("echo")) {
    wire::IcmpEcho echo{.source = source, .destination = destination, .ip = modifiers.ip};
    echo.is_reply = !body.take("request");
    if (echo.is_reply) body.must_take("reply");
    body.must_take(", id");
    echo.id = static_cast<std::uint16_t>(body.take_number(65535));
    body.must_take(", seq");
    echo.sequence = static_cast<std::uint16_t>(body.take_number(65535));
    body.must_take(", length");
    const Bytes data = payload(body.take_number(65535));
    echo.payload = data;
    return wire::build(echo);
  }
  constexpr std::pair<std::string_view, wire::IcmpError> kErrors[] = {
      {"need-to-frag", wire::IcmpError::packet_too_big},
      {"time-exceeded", wire::IcmpError::time_exceeded},
      {"port-unreachable", wire::IcmpError::port_unreachable}};
  for (const auto& [word, error] : kErrors) {
    if (!body.take(word)) continue;
    const auto mtu = static_cast<std::uint32_t>(body.take("mtu") ? body.take_number() : 0);
    body.must_take("about (");
    const std::string quote(body.rest().substr(0, body.rest().rfind(')')));
    Bytes bytes = icmp_error(error, source, datagram(quote), mtu);
    wire::Datagram made;
    if (wire::parse(bytes, made) != wire::Malformed::none || made.destination != destination)
      throw Wrong("the error goes to the source of what it is about");
    return bytes;
  }
  throw Wrong("`" + std::string(body.rest()) +
              "` is none of echo, need-to-frag, time-exceeded, port-unreachable");
}

Bytes tunnelled(wire::Encapsulation encapsulation, std::string_view source,
                std::string_view destination, std::string_view inner) {
  const bool ports =
      encapsulation == wire::Encapsulation::gue || encapsulation == wire::Encapsulation::caplance;
  const Address from = ports ? take_endpoint(source).address : take_address(source);
  const Address to = ports ? take_endpoint(destination).address : take_address(destination);
  const Bytes bytes = datagram(inner);
  Bytes memory(kHeadroom + bytes.size());
  std::ranges::copy(bytes, memory.begin() + kHeadroom);
  Packet packet(memory, kHeadroom, bytes.size());
  wire::TunnelHeader(encapsulation, from, to)
      .apply(packet, ports ? take_endpoint(source).port : std::uint16_t{0});
  return Bytes(packet.bytes().begin(), packet.bytes().end());
}

// Loose source routing (RFC 791) over one host, in front of what the header had.
void add_source_route(Bytes& bytes) {
  if (bytes.empty() || bytes[0] != 0x45) throw Wrong("source-route is for IPv4 without options");
  constexpr std::array<std::uint8_t, 8> kRoute = {131, 7, 4, 10, 9, 9, 9, 0};
  bytes.insert(bytes.begin() + 20, kRoute.begin(), kRoute.end());
  bytes[0] = 0x47;
  const std::size_t size = bytes.size();
  bytes[2] = static_cast<std::uint8_t>(size >> 8);
  bytes[3] = static_cast<std::uint8_t>(size);
  bytes[10] = bytes[11] = 0;
  const std::uint16_t sum = wire::checksum(std::span(bytes).first(28));
  bytes[10] = static_cast<std::uint8_t>(sum >> 8);
  bytes[11] = static_cast<std::uint8_t>(sum);
}

void modify(Bytes& bytes, const Modifiers& modifiers) {
  if (modifiers.piece > 0) {
    const std::vector<Bytes> pieces = wire::fragment(bytes, modifiers.piece_mtu, modifiers.ip.id);
    if (modifiers.piece > pieces.size()) throw Wrong("there is no such piece");
    bytes = pieces[modifiers.piece - 1];
  }
  if (modifiers.source_route) add_source_route(bytes);
  if (modifiers.keep) bytes.resize(std::min(*modifiers.keep, bytes.size()));
  if (modifiers.flip && *modifiers.flip < bytes.size())
    bytes[*modifiers.flip] = static_cast<std::uint8_t>(~bytes[*modifiers.flip]);
  bytes.resize(bytes.size() + modifiers.padding);
}

Bytes raw(Cursor& cursor) {
  Bytes bytes;
  while (!cursor.at_end()) {
    const std::string word = cursor.take_word();
    std::size_t used = 0;
    const unsigned long value = word.size() == 2 ? std::stoul(word, &used, 16) : 256;
    if (used != 2 || value > 255) throw Wrong("`" + word + "` is no byte in hexadecimal");
    bytes.push_back(static_cast<std::uint8_t>(value));
  }
  return bytes;
}

Bytes body_of(std::string_view source, std::string_view destination, Cursor& body,
              const Modifiers& modifiers) {
  using enum wire::Encapsulation;
  if (body.take("Flags [")) return tcp(source, destination, body, modifiers);
  if (body.take("UDP, length")) return udp(source, destination, body.take_number(65535), modifiers);
  if (body.take("GUE:")) return tunnelled(gue, source, destination, body.rest());
  if (body.take("Caplance:")) return tunnelled(caplance, source, destination, body.rest());
  if (body.take("GRE:")) return tunnelled(gre, source, destination, body.rest());
  if (body.take("ICMP6") || body.take("ICMP"))
    return icmp(take_address(source), take_address(destination), body, modifiers);
  if (body.rest().starts_with("IP")) return tunnelled(ipip, source, destination, body.rest());
  throw Wrong("`" + std::string(body.rest()) + "` is none of Flags, UDP, ICMP, GUE, GRE, IP");
}

}  // namespace

Bytes datagram(std::string_view text) {
  Cursor cursor(text);
  if (cursor.take("bytes")) return raw(cursor);
  std::string_view whole = cursor.rest();
  Modifiers modifiers;
  if (whole.ends_with("}")) {
    const std::size_t brace = whole.rfind('{');
    if (brace == std::string_view::npos) throw Wrong("`}` without `{`");
    modifiers = take_modifiers(whole.substr(brace + 1, whole.size() - brace - 2));
    whole = trim(whole.substr(0, brace));
  }
  Cursor body(whole);
  if (!body.take("IP6")) body.must_take("IP");
  const std::string source = body.take_until(" > ");
  const std::string destination = body.take_until(": ");
  Bytes bytes = body_of(source, destination, body, modifiers);
  if (bytes.empty()) throw Wrong("that does not fit an IP datagram");
  modify(bytes, modifiers);
  return bytes;
}

}  // namespace poise::scene
