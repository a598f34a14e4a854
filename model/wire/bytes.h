// Big-endian loads and stores, and addresses as they lie in headers.
#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <cstring>

#include "model/address.h"

namespace poise::wire {

inline std::uint16_t load16(const std::uint8_t* at) {
  return static_cast<std::uint16_t>(at[0] << 8 | at[1]);
}

inline std::uint32_t load32(const std::uint8_t* at) {
  return static_cast<std::uint32_t>(at[0]) << 24 | static_cast<std::uint32_t>(at[1]) << 16 |
         static_cast<std::uint32_t>(at[2]) << 8 | at[3];
}

inline void store16(std::uint8_t* at, std::uint16_t value) {
  at[0] = static_cast<std::uint8_t>(value >> 8);
  at[1] = static_cast<std::uint8_t>(value);
}

inline void store32(std::uint8_t* at, std::uint32_t value) {
  store16(at, static_cast<std::uint16_t>(value >> 16));
  store16(at + 2, static_cast<std::uint16_t>(value));
}

// Built in one register: an address written in pieces would be slow to read right after.
inline Address load_v4(const std::uint8_t* at) {
  static_assert(std::endian::native == std::endian::little);
  typedef std::uint64_t Register __attribute__((vector_size(16)));
  std::uint32_t host;
  std::memcpy(&host, at, 4);
  const Register mapped{0, std::uint64_t{host} << 32 | 0xffff0000u};
  return std::bit_cast<Address>(mapped);
}

inline Address load_v6(const std::uint8_t* at) {
  std::array<std::uint8_t, 16> bytes;
  std::memcpy(bytes.data(), at, 16);
  return Address::v6(bytes);
}

// Writes 4 or 16 bytes, by the address's family.
inline void store_address(std::uint8_t* at, const Address& address) {
  if (address.is_v4())
    std::memcpy(at, address.bytes().data() + 12, 4);
  else
    std::memcpy(at, address.bytes().data(), 16);
}

// The 16 bytes at `at` are ::ffff:0:0/96 (RFC 4291, 2.5.5.2).
inline bool is_mapped(const std::uint8_t* at) {
  static constexpr std::array<std::uint8_t, 12> kPrefix{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
  return std::memcmp(at, kPrefix.data(), kPrefix.size()) == 0;
}

}  // namespace poise::wire
