// SipHash-2-4 after its paper, and the byte ends of Digest.
#include "model/hash.h"

#include <bit>
#include <cstring>

namespace poise {
namespace {

std::uint64_t load_le64(const std::uint8_t* bytes) {
  std::uint64_t word = 0;
  for (int i = 7; i >= 0; --i) word = (word << 8) | bytes[i];
  return word;
}

struct SipState {
  std::uint64_t v0, v1, v2, v3;

  void round() {
    v0 += v1;
    v1 = std::rotl(v1, 13) ^ v0;
    v0 = std::rotl(v0, 32);
    v2 += v3;
    v3 = std::rotl(v3, 16) ^ v2;
    v0 += v3;
    v3 = std::rotl(v3, 21) ^ v0;
    v2 += v1;
    v1 = std::rotl(v1, 17) ^ v2;
    v2 = std::rotl(v2, 32);
  }

  void absorb(std::uint64_t word) {
    v3 ^= word;
    round();
    round();
    v0 ^= word;
  }
};

}  // namespace

std::uint64_t siphash24(SipKey key, std::span<const std::uint8_t> bytes) {
  SipState s{key.k0 ^ 0x736f6d6570736575u, key.k1 ^ 0x646f72616e646f6du,
             key.k0 ^ 0x6c7967656e657261u, key.k1 ^ 0x7465646279746573u};
  const std::size_t whole = bytes.size() / 8 * 8;
  for (std::size_t i = 0; i < whole; i += 8) s.absorb(load_le64(bytes.data() + i));
  std::uint64_t last = static_cast<std::uint64_t>(bytes.size()) << 56;
  for (std::size_t i = whole; i < bytes.size(); ++i)
    last |= static_cast<std::uint64_t>(bytes[i]) << (8 * (i - whole));
  s.absorb(last);
  s.v2 ^= 0xff;
  for (int i = 0; i < 4; ++i) s.round();
  return s.v0 ^ s.v1 ^ s.v2 ^ s.v3;
}

std::uint64_t siphash24(SipKey key, std::string_view text) {
  return siphash24(key, std::span(reinterpret_cast<const std::uint8_t*>(text.data()), text.size()));
}

Digest& Digest::add(std::span<const std::uint8_t> bytes) {
  return add(siphash24({0x706f, 0x6973}, bytes));
}

Digest& Digest::add(std::string_view text) {
  return add(siphash24({0x706f, 0x6973}, text));
}

Digest& Digest::add(double value) {
  return add(std::bit_cast<std::uint64_t>(value));
}

}  // namespace poise
