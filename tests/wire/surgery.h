// Cuts and grafts on datagrams: options, extension headers, mended checksums.
#pragma once

#include "model/wire/bytes.h"
#include "model/wire/checksum.h"
#include "tests/wire/datagrams.h"

namespace poise::wire {

// Mends the header checksum after a test wrote into an IPv4 header.
inline Bytes mended(Bytes bytes) {
  const std::size_t size = std::size_t{bytes[0] & 0xfu} * 4;
  store16(bytes.data() + 10, 0);
  store16(bytes.data() + 10, checksum(std::span(bytes).first(size)));
  return bytes;
}

// Puts `options` (a multiple of 4 bytes) behind the fixed IPv4 header.
inline Bytes with_options(Bytes bytes, const Bytes& options) {
  bytes.insert(bytes.begin() + 20, options.begin(), options.end());
  bytes[0] = static_cast<std::uint8_t>(0x45 + options.size() / 4);
  store16(bytes.data() + 2, static_cast<std::uint16_t>(bytes.size()));
  return mended(bytes);
}

// Puts extension headers, whose last next-header byte is mended by the caller, behind the fixed
// IPv6 header.
inline Bytes with_extensions(Bytes bytes, std::uint8_t first, const Bytes& headers) {
  bytes.insert(bytes.begin() + 40, headers.begin(), headers.end());
  bytes[6] = first;
  store16(bytes.data() + 4, static_cast<std::uint16_t>(bytes.size() - 40));
  return bytes;
}

}  // namespace poise::wire
