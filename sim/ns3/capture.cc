// Writes datagrams to a pcap file.
#include "sim/ns3/capture.h"

#include <stdexcept>

namespace poise::ns3world {

Capture::Capture(const std::string& path) : file_(path, std::ios::binary) {
  if (!file_) throw std::runtime_error("open " + path + " for a capture: cannot write there");
  put(0xa1b23c4d);
  put(4u << 16 | 2u);  // version 2.4
  put(0);              // time zone
  put(0);              // accuracy
  put(65535);          // longest packet
  put(101);            // LINKTYPE_RAW
}

void Capture::write(Instant at, std::span<const std::uint8_t> datagram) {
  const std::int64_t ns = to_ns(at);
  put(static_cast<std::uint32_t>(ns / 1'000'000'000));
  put(static_cast<std::uint32_t>(ns % 1'000'000'000));
  put(static_cast<std::uint32_t>(datagram.size()));
  put(static_cast<std::uint32_t>(datagram.size()));
  file_.write(reinterpret_cast<const char*>(datagram.data()),
              static_cast<std::streamsize>(datagram.size()));
}

void Capture::put(std::uint32_t value) {
  char bytes[4];
  for (int i = 0; i < 4; ++i) bytes[i] = static_cast<char>(value >> (8 * i));
  file_.write(bytes, sizeof bytes);
}

}  // namespace poise::ns3world
