// Writes datagrams to a pcap file: link type RAW (101), nanoseconds, whole packets.
#pragma once

#include <cstdint>
#include <fstream>
#include <span>
#include <string>

#include "model/time.h"

namespace poise::ns3world {

// libpcap's file format: a header of 24 bytes (magic a1b23c4d: nanoseconds), then for each packet
// seconds, nanoseconds, captured size, size (u32 each) and the bytes. Little-endian.
class Capture {
 public:
  // Throws std::runtime_error with the path when the file cannot be written.
  explicit Capture(const std::string& path);
  void write(Instant at, std::span<const std::uint8_t> datagram);

 private:
  void put(std::uint32_t value);
  std::ofstream file_;
};

}  // namespace poise::ns3world
