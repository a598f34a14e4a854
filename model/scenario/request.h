// The little protocol between a plan's clients and servers, in every world whose hosts have TCP: a
// request says how to answer it.
//
//   0        4        12       20       24       32                      request_bytes
//   | flow   | request_bytes | response_bytes | message | interval_ns | zeros ... |
//   | u32    | u64           | u64            | u32     | u64         |           |   little-endian
//
// The server answers with response_bytes bytes, once it has the whole request: at once, or
// `message` bytes every interval. An upload is a large request with a short answer. What is behind
// a head, and answers, are zeros, or content.h where both ends look at them.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace poise::scenario {

struct Request {
  static constexpr std::size_t kSize = 32;

  std::uint32_t flow = 0;  // as FlowLog names it
  std::uint64_t request_bytes = kSize;
  std::uint64_t response_bytes = 0;
  std::uint32_t message_bytes = 0;  // 0: all at once
  std::uint64_t interval_ns = 0;

  std::array<std::uint8_t, kSize> encode() const {
    std::array<std::uint8_t, kSize> bytes{};
    put(bytes, 0, 4, flow);
    put(bytes, 4, 8, request_bytes);
    put(bytes, 12, 8, response_bytes);
    put(bytes, 20, 4, message_bytes);
    put(bytes, 24, 8, interval_ns);
    return bytes;
  }

  static Request decode(std::span<const std::uint8_t, kSize> bytes) {
    Request request;
    request.flow = static_cast<std::uint32_t>(get(bytes, 0, 4));
    request.request_bytes = get(bytes, 4, 8);
    request.response_bytes = get(bytes, 12, 8);
    request.message_bytes = static_cast<std::uint32_t>(get(bytes, 20, 4));
    request.interval_ns = get(bytes, 24, 8);
    return request;
  }

 private:
  static void put(std::span<std::uint8_t> bytes, std::size_t at, std::size_t size,
                  std::uint64_t value) {
    for (std::size_t i = 0; i < size; ++i)
      bytes[at + i] = static_cast<std::uint8_t>(value >> (8 * i));
  }
  static std::uint64_t get(std::span<const std::uint8_t> bytes, std::size_t at, std::size_t size) {
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < size; ++i) value |= std::uint64_t{bytes[at + i]} << (8 * i);
    return value;
  }
};

}  // namespace poise::scenario
