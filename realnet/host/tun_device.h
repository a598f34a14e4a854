// A TUN device of our own: whole datagrams between this host's stack and a descriptor.
#pragma once

#include <string>

#include "realnet/host/interface.h"
#include "realnet/system/fd.h"

namespace poise::realnet {

struct TunRequest {
  std::string name;                // at most 15 characters; one with "%d" gets a number
  short flags = 0;                 // besides IFF_TUN and IFF_NO_PI
  unsigned offloads = 0;           // TUN_F_...: what may be left to who takes a datagram
  int queue_length = 0;            // datagrams that the kernel keeps for us; 0: its own choice
  const char* reverse_path = "0";  // rp_filter of what we say
};

struct TunDevice {
  Fd descriptor;  // does not block; the device and its routes are gone with it
  Interface interface;
};

// In the calling thread's network namespace. The device is up, forwards what we say, and has no
// addresses. Throws SystemError.
TunDevice make_tun(const TunRequest& request);

}  // namespace poise::realnet
