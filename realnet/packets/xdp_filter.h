// Takes datagrams away from a device before the kernel's stack sees them, and gives them to rings.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "model/address.h"
#include "realnet/packets/xdp_ring.h"
#include "realnet/system/fd.h"

namespace poise::realnet {

// Datagrams of a protocol to an address, and to a port of it (0: to every one).
struct XdpTarget {
  Address destination;
  std::uint8_t protocol = 0;
  std::uint16_t port = 0;
};

// An XDP program in the device's driver. It is there as long as this object, and its process, live:
// whatever ends the process, the next datagram goes to the kernel's stack again.
class XdpFilter {
 public:
  // Loads the program; nothing is taken yet. REQUIRES: the rings are of `device`, and outlive it.
  // Throws SystemError: without CAP_BPF and CAP_NET_ADMIN, when the kernel has no XDP.
  XdpFilter(const Interface& device, std::span<const XdpTarget> targets,
            std::span<XdpRing* const> rings);

  // From now on. Throws SystemError: the driver has no XDP or the device's MTU is too large for it,
  // another program is there already.
  void open();

 private:
  Interface device_;
  Fd targets_, sockets_, program_, link_;
};

}  // namespace poise::realnet
