// Segments of both families, written and read back, for the tests of this room.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "model/check.h"
#include "model/tcp/segment/segment.h"
#include "model/wire/checksum.h"

namespace poise::tcp {

using Bytes = std::vector<std::uint8_t>;
namespace flag = wire::tcp_flag;

inline FlowKey client_flow(Family family) {
  FlowKey key;
  key.source = family == Family::v4 ? Address::v4(0x0a000001) : *Address::parse("2001:db8::1");
  key.destination =
      family == Family::v4 ? Address::v4(0x0aff0001) : *Address::parse("2001:db8::ff");
  key.source_port = 40000;
  key.destination_port = 80;
  key.protocol = wire::protocol::kTcp;
  return key;
}

inline Bytes from_hex(std::string_view text) {
  Bytes bytes;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == ' ') continue;
    bytes.push_back(
        static_cast<std::uint8_t>(std::stoi(std::string(text.substr(i, 2)), nullptr, 16)));
    ++i;
  }
  return bytes;
}

inline Bytes written(const Segment& segment, const Envelope& envelope,
                     std::span<const std::uint8_t> payload = {},
                     std::span<const std::uint8_t> more = {}) {
  Bytes memory(66000, 0xa5);
  memory.resize(write_segment(memory, envelope, segment, payload, more));
  return memory;
}

// REQUIRES: `bytes` are a right TCP datagram; the payload points into them.
inline Segment read(const Bytes& bytes) {
  wire::Datagram datagram;
  POISE_CHECK(wire::parse(bytes, datagram) == wire::Malformed::none);
  POISE_CHECK(datagram.is_tcp() && wire::has_right_transport_checksum(bytes, datagram));
  return read_segment(bytes, datagram);
}

// The options of an IPv4 segment as they were written.
inline Bytes options_in(const Bytes& bytes) {
  const std::size_t header_size = static_cast<std::size_t>(bytes[32] >> 4) * 4;
  return {bytes.begin() + 40, bytes.begin() + 20 + static_cast<long>(header_size)};
}

// An IPv4 segment whose options are these bytes, padded with zeros to whole words.
inline Bytes with_options(std::uint8_t flags, const Bytes& options, const Bytes& payload = {}) {
  Segment segment;
  segment.flags = flags;
  const std::size_t size = (options.size() + 3) / 4 * 4;
  POISE_CHECK(size <= 40);
  Bytes bytes = written(segment, {client_flow(Family::v4)}, payload);
  bytes.insert(bytes.begin() + 40, size, 0);
  std::copy(options.begin(), options.end(), bytes.begin() + 40);
  bytes[3] = static_cast<std::uint8_t>(bytes.size());
  bytes[2] = static_cast<std::uint8_t>(bytes.size() >> 8);
  bytes[32] = static_cast<std::uint8_t>((20 + size) / 4 << 4);
  bytes[10] = bytes[11] = 0;
  const std::uint16_t header = wire::checksum(std::span(bytes).first(20));
  bytes[10] = static_cast<std::uint8_t>(header >> 8);
  bytes[11] = static_cast<std::uint8_t>(header);
  wire::Datagram datagram;
  POISE_CHECK(wire::parse(bytes, datagram) == wire::Malformed::none);
  wire::write_transport_checksum(bytes, datagram);
  return bytes;
}

inline bool equal(const Options& a, const Options& b) {
  return a.mss == b.mss && a.window_scale == b.window_scale &&
         a.sack_permitted == b.sack_permitted && a.timestamps == b.timestamps &&
         a.sack_count == b.sack_count && a.sacks == b.sacks;
}

}  // namespace poise::tcp
