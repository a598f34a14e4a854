// The walk along IPv6's extension headers: bounded, and strict about what may repeat.
#include "model/wire/extension_headers.h"

#include "model/wire/bytes.h"

namespace poise::wire {
namespace {

bool is_extension(std::uint8_t header) {
  return header == protocol::kHopByHop || header == protocol::kRouting ||
         header == protocol::kFragment || header == protocol::kDestinationOptions ||
         header == protocol::kAuthentication;
}

//   | next header | reserved | offset (13) 0 0 M | identification |
bool read_fragment_header(const std::uint8_t* at, ExtensionHeaders& out) {
  if (out.has_fragment) return false;
  const std::uint16_t offset_and_flags = load16(at + 2);
  out.has_fragment = true;
  out.fragment_offset = offset_and_flags & 0xfff8u;
  out.more_fragments = (offset_and_flags & 1) != 0;
  out.fragment_id = load32(at + 4);
  return true;
}

std::size_t size_of(std::uint8_t header, const std::uint8_t* at) {
  if (header == protocol::kFragment) return 8;
  if (header == protocol::kAuthentication) return (std::size_t{at[1]} + 2) * 4;
  return (std::size_t{at[1]} + 1) * 8;
}

}  // namespace

Malformed walk_extension_headers(std::span<const std::uint8_t> datagram,
                                 ExtensionHeaders& out) noexcept {
  out = ExtensionHeaders{};
  std::uint8_t header = datagram[6];
  for (int walked = 0; is_extension(header); ++walked) {
    if (walked == kExtensionHeadersMax) return Malformed::extension_headers;
    if (header == protocol::kHopByHop && walked != 0) return Malformed::extension_headers;
    if (datagram.size() - out.offset < 8) return Malformed::extension_headers;
    const std::uint8_t* at = datagram.data() + out.offset;
    const std::size_t size = size_of(header, at);
    if (size > datagram.size() - out.offset) return Malformed::extension_headers;
    if (header == protocol::kFragment) {
      if (!read_fragment_header(at, out)) return Malformed::extension_headers;
    } else {
      out.has_others = true;
      if (header == protocol::kRouting && at[3] != 0) out.has_source_route = true;
    }
    out.offset += size;
    header = at[0];
    if (out.fragment_offset != 0) break;  // what follows is the middle of something
  }
  out.protocol = header;
  return Malformed::none;
}

}  // namespace poise::wire
