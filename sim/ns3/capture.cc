// Writes a simulated node's datagrams to a pcap file.
#include "sim/ns3/capture.h"

#include <stdexcept>

#include "model/wire/pcap.h"

namespace poise::ns3world {

Capture::Capture(const std::string& path) : file_(path, std::ios::binary) {
  if (!file_) throw std::runtime_error("open " + path + " for a capture: cannot write there");
  put(wire::pcap_file_header());
}

void Capture::write(Instant at, std::span<const std::uint8_t> datagram) {
  put(wire::pcap_packet_header(at, datagram.size()));
  put(datagram);
}

void Capture::put(std::span<const std::uint8_t> bytes) {
  file_.write(reinterpret_cast<const char*>(bytes.data()),
              static_cast<std::streamsize>(bytes.size()));
}

}  // namespace poise::ns3world
