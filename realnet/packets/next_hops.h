// Which neighbour on a device's link a datagram goes to, as the kernel knows it.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>

#include "model/address.h"
#include "model/time.h"
#include "realnet/host/netlink.h"

namespace poise::realnet {

using MacAddress = std::array<std::uint8_t, 6>;

// Asks the kernel for the route and the neighbour, and remembers the answer for kKeep: about 20
// microseconds a second and destination. Not thread-safe.
class NextHops {
 public:
  static constexpr Duration kKeep = std::chrono::seconds{1};
  static constexpr std::size_t kCountMax = 4096;  // then all are asked for anew

  // In the calling thread's network namespace. Throws SystemError.
  explicit NextHops(unsigned device_index) : device_index_(device_index) {}

  // None: it leaves by another device, ends on this host, or its neighbour is not known yet. Then
  // the kernel must send it, which also makes the neighbour known.
  std::optional<MacAddress> find(const Address& destination, Instant now) noexcept;

 private:
  struct Hop {
    std::optional<MacAddress> mac;
    Instant until{};
  };
  std::optional<Address> gateway(const Address& destination);
  std::optional<MacAddress> neighbour(const Address& address);

  unsigned device_index_;
  Netlink netlink_;
  std::map<Address, Hop> hops_;
};

}  // namespace poise::realnet
