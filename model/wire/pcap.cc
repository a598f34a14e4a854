// The headers of a pcap file.
#include "model/wire/pcap.h"

#include <cstddef>

#include "model/check.h"

namespace poise::wire {

namespace {

constexpr std::uint32_t kNanosecondsMagic = 0xa1b23c4d;
constexpr std::uint32_t kVersion = 4u << 16 | 2u;  // 2.4
constexpr std::uint32_t kLongest = 65535;
constexpr std::uint32_t kLinkTypeRaw = 101;

template <std::size_t N>
std::array<std::uint8_t, 4 * N> little_endian(const std::array<std::uint32_t, N>& words) {
  std::array<std::uint8_t, 4 * N> bytes{};
  for (std::size_t i = 0; i < bytes.size(); ++i)
    bytes[i] = static_cast<std::uint8_t>(words[i / 4] >> (8 * (i % 4)));
  return bytes;
}

}  // namespace

std::array<std::uint8_t, 24> pcap_file_header() noexcept {
  return little_endian<6>({kNanosecondsMagic, kVersion, 0, 0, kLongest, kLinkTypeRaw});
}

std::array<std::uint8_t, 16> pcap_packet_header(Instant at, std::size_t size) noexcept {
  const std::int64_t ns = to_ns(at);
  POISE_CHECK(ns >= 0);
  const auto bytes = static_cast<std::uint32_t>(size);
  return little_endian<4>({static_cast<std::uint32_t>(ns / 1'000'000'000),
                           static_cast<std::uint32_t>(ns % 1'000'000'000), bytes, bytes});
}

}  // namespace poise::wire
