// Words of 64 bits, mixed from their number.
#include "model/scenario/content.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "model/random.h"

namespace poise::scenario {

namespace {

constexpr std::size_t kWord = sizeof(std::uint64_t);
constexpr std::size_t kPiece = 4096;  // bytes that are compared at once

}  // namespace

Content::Content(From from, std::uint16_t client_port)
    : seed_(mix64(std::uint64_t{client_port} << 1 | (from == From::server ? 1 : 0))) {}

void Content::write(std::uint64_t offset, std::span<std::uint8_t> into) const {
  while (!into.empty()) {
    const std::uint64_t word = mix64(seed_ + offset / kWord);
    const std::size_t skipped = offset % kWord;
    const std::size_t size = std::min(kWord - skipped, into.size());
    std::array<std::uint8_t, kWord> bytes;
    std::memcpy(bytes.data(), &word, kWord);  // little-endian hosts alone (base)
    std::memcpy(into.data(), bytes.data() + skipped, size);
    into = into.subspan(size);
    offset += size;
  }
}

std::optional<std::uint64_t> Content::difference(std::uint64_t offset,
                                                 std::span<const std::uint8_t> bytes) const {
  std::array<std::uint8_t, kPiece> right;
  while (!bytes.empty()) {
    const std::span expected = std::span(right).first(std::min(kPiece, bytes.size()));
    write(offset, expected);
    const auto found = std::mismatch(expected.begin(), expected.end(), bytes.begin());
    if (found.first != expected.end())
      return offset + static_cast<std::uint64_t>(found.first - expected.begin());
    bytes = bytes.subspan(expected.size());
    offset += expected.size();
  }
  return std::nullopt;
}

}  // namespace poise::scenario
