// Tells the neighbours on a link that an address is here now.
#pragma once

#include <chrono>
#include <cstdint>
#include <vector>

#include "model/address.h"
#include "realnet/host/interface.h"
#include "realnet/system/fd.h"

namespace poise::realnet {

// How often, because a frame may be lost, and how far apart.
struct Announcements {
  unsigned count = 3;
  std::chrono::milliseconds interval{200};
};

// IPv4: a gratuitous ARP request and reply, as neighbours differ in which of them they believe (RFC
// 5227, 2.3 and RFC 5944, 4.6). IPv6: an unsolicited neighbour advertisement with the override flag
// to all nodes (RFC 4861, 7.2.6).
class Announcer {
 public:
  // REQUIRES: interface.has_neighbours; an IPv6 address is on the interface. Opens its socket in
  // the calling thread's network namespace. Throws SystemError.
  Announcer(Address address, const Interface& interface);

  void announce() const;  // one round; throws SystemError

 private:
  Address address_;
  Interface interface_;
  Fd socket_;
  std::vector<std::vector<std::uint8_t>> messages_;
};

}  // namespace poise::realnet
