// What clients and servers of a plan say to each other behind the heads of requests, where both
// ends look at it: bytes that tell their place, so that none can be lost, doubled or altered
// unseen.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

namespace poise::scenario {

// One direction of one connection: byte i is a function of i, of the client's port and of the
// direction alone.
class Content {
 public:
  enum class From : std::uint8_t { client, server };
  Content(From from, std::uint16_t client_port);

  // Offsets count the bytes of the direction, those of heads too.
  void write(std::uint64_t offset, std::span<std::uint8_t> into) const;
  // The offset of the first byte that is not as write() makes it; nothing: all are.
  std::optional<std::uint64_t> difference(std::uint64_t offset,
                                          std::span<const std::uint8_t> bytes) const;

 private:
  std::uint64_t seed_;
};

}  // namespace poise::scenario
