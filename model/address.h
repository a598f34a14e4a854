// IP addresses of both families in one 16-byte value, and an address with a port.
#pragma once

#include <array>
#include <bit>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace poise {

enum class Family : std::uint8_t { v4 = 4, v6 = 6 };

// 16 bytes in network order; IPv4 stands as its mapped form ::ffff:a.b.c.d (RFC 4291, 2.5.5.2).
// Mapped addresses do not occur on the wire (a parser refuses them), so the family is never in
// doubt.
class Address {
 public:
  constexpr Address() = default;  // :: (unspecified)
  static constexpr Address v4(std::uint32_t host_order) {
    Address a;
    a.bytes_[10] = a.bytes_[11] = 0xff;
    for (int i = 0; i < 4; ++i)
      a.bytes_[12 + static_cast<std::size_t>(i)] =
          static_cast<std::uint8_t>(host_order >> (24 - 8 * i));
    return a;
  }
  static constexpr Address v6(const std::array<std::uint8_t, 16>& network_order) {
    Address a;
    a.bytes_ = network_order;
    return a;
  }
  // Dotted quad or RFC 4291 text; nothing else (no zone, no prefix length, no leading zeros in a
  // quad).
  static std::optional<Address> parse(std::string_view text);

  constexpr Family family() const { return is_v4() ? Family::v4 : Family::v6; }
  constexpr bool is_v4() const {
    constexpr std::array<std::uint8_t, 16> kPrefix{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
    constexpr auto kWords = std::bit_cast<std::array<std::uint32_t, 4>>(kPrefix);
    const auto words = std::bit_cast<std::array<std::uint32_t, 4>>(bytes_);
    return (words[0] | words[1] | (words[2] ^ kWords[2])) == 0;
  }
  constexpr bool is_unspecified() const { return *this == Address{} || *this == Address::v4(0); }
  // Not unspecified, loopback, multicast, or (IPv4) broadcast, "this network" and reserved (RFC
  // 6890): the address of one host that others can send to.
  constexpr bool is_single_host() const {
    if (is_v4()) {
      const std::uint32_t top = as_v4() >> 24;
      return top != 0 && top != 127 && top < 224;
    }
    constexpr std::array<std::uint8_t, 16> kLoopback{0, 0, 0, 0, 0, 0, 0, 0,
                                                     0, 0, 0, 0, 0, 0, 0, 1};
    return *this != Address{} && bytes_ != kLoopback && bytes_[0] != 0xff;
  }
  // REQUIRES: is_v4(). Host byte order.
  constexpr std::uint32_t as_v4() const {
    return static_cast<std::uint32_t>(bytes_[12]) << 24 |
           static_cast<std::uint32_t>(bytes_[13]) << 16 |
           static_cast<std::uint32_t>(bytes_[14]) << 8 | bytes_[15];
  }
  constexpr const std::array<std::uint8_t, 16>& bytes() const { return bytes_; }

  // Dotted quad, or RFC 5952 text.
  std::string to_string() const;

  friend constexpr auto operator<=>(const Address&, const Address&) = default;
  // As two words: std::array's own comparison is a call, and this is on every packet's path.
  friend constexpr bool operator==(const Address& a, const Address& b) {
    using Words = std::array<std::uint64_t, 2>;
    return std::bit_cast<Words>(a.bytes_) == std::bit_cast<Words>(b.bytes_);
  }

 private:
  std::array<std::uint8_t, 16> bytes_{};
};

struct Endpoint {
  Address address;
  std::uint16_t port = 0;

  std::string to_string() const;  // 10.0.0.1:80 or [2001:db8::1]:80
  friend constexpr auto operator<=>(const Endpoint&, const Endpoint&) = default;
};

}  // namespace poise
