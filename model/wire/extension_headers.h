// The walk along IPv6's extension headers (RFC 8200, 4).
#pragma once

#include <cstdint>
#include <span>

#include "model/wire/datagram.h"

namespace poise::wire {

struct ExtensionHeaders {
  std::uint8_t protocol = 0;  // what follows them
  std::size_t offset = 40;    // of what follows them
  bool has_fragment = false;  // a Fragment header
  bool has_others = false;
  bool has_source_route = false;  // a routing header with segments left
  bool more_fragments = false;
  std::uint32_t fragment_id = 0;
  std::uint32_t fragment_offset = 0;  // in bytes
};

// Walks from the fixed header's end to the upper layer, or to the data of a later fragment.
// `datagram` ends where the datagram (or what there is of it) ends. REQUIRES: datagram.size()
// >= 40.
[[nodiscard]] Malformed walk_extension_headers(std::span<const std::uint8_t> datagram,
                                               ExtensionHeaders& out) noexcept;

}  // namespace poise::wire
