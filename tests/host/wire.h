// What passes on a link, frame by frame, for tests that are a neighbour there.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "model/address.h"
#include "realnet/host/interface.h"
#include "realnet/system/fd.h"

namespace poise::realnet {

using Bytes = std::vector<std::uint8_t>;

// Frames without their link header that arrive at an interface of the thread's namespace. REQUIRES:
// made before what it shall hear.
class Ear {
 public:
  Ear(const std::string& interface, std::uint16_t ethernet_type);

  // The next frame; nothing within 5 seconds: a failure of the test, and empty.
  Bytes next() const;
  // Sends a message of this kind to everybody on the link.
  void shout(const Bytes& message) const;

 private:
  unsigned index_;
  std::uint16_t type_;
  Fd socket_;
};

struct Arp {
  int operation = 0;
  std::array<std::uint8_t, 6> sender_mac{};
  Address sender;
  std::array<std::uint8_t, 6> target_mac{};
  Address target;

  static Arp parse(const Bytes& frame);
  Bytes bytes() const;
};

// An IP packet of our own making, on its way from the thread's namespace: fragments if it is large.
void send_udp(const std::string& to, std::uint16_t port, std::size_t length);
// An ICMP or ICMPv6 message of a type, with an empty body.
void send_icmp(const std::string& to, int type);

}  // namespace poise::realnet
