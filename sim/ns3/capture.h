// Writes a simulated node's datagrams to a pcap file (model/wire/pcap.h).
#pragma once

#include <cstdint>
#include <fstream>
#include <span>
#include <string>

#include "model/time.h"

namespace poise::ns3world {

class Capture {
 public:
  // Throws std::runtime_error with the path when the file cannot be written.
  explicit Capture(const std::string& path);
  void write(Instant at, std::span<const std::uint8_t> datagram);

 private:
  void put(std::span<const std::uint8_t> bytes);
  std::ofstream file_;
};

}  // namespace poise::ns3world
