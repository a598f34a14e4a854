// Cutting a datagram into fragments, as a router (IPv4) or its sender (IPv6) does.
#include <algorithm>

#include "model/check.h"
#include "model/wire/build.h"
#include "model/wire/bytes.h"
#include "model/wire/checksum.h"

namespace poise::wire {
namespace {

using Bytes = std::vector<std::uint8_t>;

Bytes fragment_v4(std::span<const std::uint8_t> header, std::span<const std::uint8_t> part,
                  std::size_t offset, bool more, std::uint32_t id) {
  Bytes bytes(header.begin(), header.end());
  std::uint8_t* at = bytes.data();
  store16(at + 2, static_cast<std::uint16_t>(20 + part.size()));
  store16(at + 4, static_cast<std::uint16_t>(id));
  store16(at + 6, static_cast<std::uint16_t>((more ? 0x2000u : 0u) | offset / 8));
  store16(at + 10, 0);
  store16(at + 10, checksum({at, 20}));
  bytes.insert(bytes.end(), part.begin(), part.end());
  return bytes;
}

Bytes fragment_v6(std::span<const std::uint8_t> header, std::span<const std::uint8_t> part,
                  std::size_t offset, bool more, std::uint32_t id) {
  Bytes bytes(header.begin(), header.end());
  bytes.resize(48);
  std::uint8_t* at = bytes.data();
  store16(at + 4, static_cast<std::uint16_t>(8 + part.size()));
  at[40] = at[6];
  at[6] = protocol::kFragment;
  store16(at + 42, static_cast<std::uint16_t>(offset | (more ? 1u : 0u)));
  store32(at + 44, id);
  bytes.insert(bytes.end(), part.begin(), part.end());
  return bytes;
}

}  // namespace

std::vector<Bytes> fragment(std::span<const std::uint8_t> bytes, std::size_t mtu,
                            std::uint32_t id) {
  Datagram datagram;
  POISE_CHECK(parse(bytes, datagram) == Malformed::none);
  POISE_CHECK(!datagram.is_fragment && !datagram.has_options);
  const bool v4 = datagram.family == Family::v4;
  const std::size_t ip_size = v4 ? 20 : 40;
  const std::size_t header_size = v4 ? 20 : 48;
  POISE_CHECK(datagram.transport_offset == ip_size && mtu >= (v4 ? 68u : 64u));
  const std::span<const std::uint8_t> whole = bytes.first(datagram.total_size);
  if (whole.size() <= mtu) return {Bytes(whole.begin(), whole.end())};

  const std::span<const std::uint8_t> data = whole.subspan(ip_size);
  const std::size_t part_max = (mtu - header_size) / 8 * 8;
  std::vector<Bytes> fragments;
  for (std::size_t offset = 0; offset < data.size(); offset += part_max) {
    const std::size_t size = std::min(part_max, data.size() - offset);
    const bool more = offset + size < data.size();
    const auto cut = v4 ? fragment_v4 : fragment_v6;
    fragments.push_back(cut(whole.first(ip_size), data.subspan(offset, size), offset, more, id));
  }
  return fragments;
}

}  // namespace poise::wire
