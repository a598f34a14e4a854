// Datagrams into this host's own stack, as if they had come over a wire.
#pragma once

#include "model/packet.h"
#include "realnet/host/tun_device.h"
#include "realnet/system/single_writer_count.h"

namespace poise::realnet {

// By a TUN device "poise-inN" of this thread's network namespace: the stack takes a datagram in the
// very system call that brings it, where a raw socket would route it out first, to `lo`. Not
// thread-safe.
class Injector {
 public:
  struct Counters {
    SingleWriterCount injected;
    SingleWriterCount refused;  // no datagram, no memory, or somebody took the device down
  };

  // Throws SystemError: without CAP_NET_ADMIN, where there is no /dev/net/tun.
  Injector();

  void send(const Packet& packet) noexcept;

  const Counters& counters() const { return counters_; }
  const Interface& interface() const { return device_.interface; }

 private:
  TunDevice device_;
  Counters counters_;
};

}  // namespace poise::realnet
