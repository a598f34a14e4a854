// An IP datagram in memory that the world lends for one call, with room to grow at the front.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "model/check.h"

namespace poise {

// Room that a world leaves before a datagram, so that any encapsulation fits in place:
// IPv6 (40) + UDP (8) + GUE (4), rounded up to a cache line.
inline constexpr std::size_t kHeadroom = 64;
// Room for the largest IP datagram with its encapsulation.
inline constexpr std::size_t kPacketMemory = kHeadroom + 65536;

// A view: copying it copies no bytes. Valid only during the call it was given to.
//
//   memory:  | headroom        | datagram                     | tailroom |
//            ^memory.data()    ^bytes().data()
class Packet {
 public:
  Packet() = default;
  // REQUIRES: offset + size <= memory.size().
  Packet(std::span<std::uint8_t> memory, std::size_t offset, std::size_t size)
      : memory_(memory),
        offset_(static_cast<std::uint32_t>(offset)),
        size_(static_cast<std::uint32_t>(size)) {
    POISE_CHECK(offset <= memory.size() && size <= memory.size() - offset);
  }

  std::span<std::uint8_t> bytes() { return memory_.subspan(offset_, size_); }
  std::span<const std::uint8_t> bytes() const { return memory_.subspan(offset_, size_); }
  std::size_t size() const { return size_; }
  std::size_t headroom() const { return offset_; }
  std::size_t tailroom() const { return memory_.size() - offset_ - size_; }

  // Grows at the front; the new bytes are undefined. REQUIRES: count <= headroom().
  std::uint8_t* prepend(std::size_t count) {
    POISE_CHECK(count <= offset_);
    offset_ -= static_cast<std::uint32_t>(count);
    size_ += static_cast<std::uint32_t>(count);
    return memory_.data() + offset_;
  }
  // Shrinks at the front. REQUIRES: count <= size().
  void remove_prefix(std::size_t count) {
    POISE_CHECK(count <= size_);
    offset_ += static_cast<std::uint32_t>(count);
    size_ -= static_cast<std::uint32_t>(count);
  }
  // Sets the size, cutting or growing at the end. REQUIRES: size <= size() + tailroom().
  void resize(std::size_t size) {
    POISE_CHECK(size <= memory_.size() - offset_);
    size_ = static_cast<std::uint32_t>(size);
  }

 private:
  std::span<std::uint8_t> memory_;
  std::uint32_t offset_ = 0;
  std::uint32_t size_ = 0;
};

}  // namespace poise
