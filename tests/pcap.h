// Reads the captures that a run leaves.
#pragma once

#include <cstdint>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "model/time.h"

namespace poise {

struct Captured {
  Instant at;
  std::vector<std::uint8_t> datagram;
};

// Of a file in the format of model/wire/pcap.h.
inline std::vector<Captured> read_pcap(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  const std::vector<std::uint8_t> bytes(std::istreambuf_iterator<char>(file), {});
  const auto word = [&bytes](std::size_t at) {
    return bytes[at] | std::uint32_t{bytes[at + 1]} << 8 | std::uint32_t{bytes[at + 2]} << 16 |
           std::uint32_t{bytes[at + 3]} << 24;
  };
  std::vector<Captured> packets;
  EXPECT_GE(bytes.size(), 24u) << path;
  if (bytes.size() < 24) return packets;
  EXPECT_EQ(word(0), 0xa1b23c4du);  // nanoseconds
  EXPECT_EQ(word(20), 101u);        // raw IP
  std::size_t at = 24;
  while (at + 16 <= bytes.size()) {
    const std::int64_t ns = std::int64_t{word(at)} * 1'000'000'000 + word(at + 4);
    const std::size_t size = word(at + 8);
    EXPECT_EQ(size, word(at + 12));
    const auto first = bytes.begin() + static_cast<std::ptrdiff_t>(at + 16);
    at += 16 + size;
    if (at > bytes.size()) break;
    packets.push_back({instant_from_ns(ns), {first, first + static_cast<std::ptrdiff_t>(size)}});
  }
  EXPECT_EQ(at, bytes.size()) << "a torn packet ends " << path;
  return packets;
}

}  // namespace poise
