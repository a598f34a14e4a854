// A device of our own through which the kernel hands us the datagrams of routes that lead to it.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "model/machine.h"
#include "model/packet.h"
#include "realnet/host/tun_device.h"
#include "realnet/system/single_writer_count.h"

namespace poise::realnet {

// In the network namespace of the thread that makes it; it and its routes are gone when it is, also
// when the process is killed. Not thread-safe.
class Tun {
 public:
  struct Counters {
    SingleWriterCount received;   // datagrams, of which some are several segments in one
    SingleWriterCount checksums;  // that were left to us
    SingleWriterCount unreadable;
    SingleWriterCount sent;  // writes
    SingleWriterCount refused;
  };

  // `name`: at most 15 characters; one with "%d" gets a number. `offload`: the kernel hands over
  // and takes segments of up to 64 KiB (TSO). Makes the device, brings it up and forwards what it
  // says. Throws SystemError.
  Tun(const std::string& name, bool offload);

  int descriptor() const { return device_.descriptor.get(); }  // does not block
  const Interface& interface() const { return device_.interface; }

  // What waits, up to kBurst datagrams with whole checksums. Theirs until the next call.
  std::span<Packet> receive();

  // What a SegmentJoiner handed out, at once.
  void send(std::span<const std::uint8_t> joined) noexcept;

  const Counters& counters() const { return counters_; }

 private:
  bool admit(std::size_t slot, std::size_t size);

  TunDevice device_;
  std::vector<std::uint8_t> memory_;  // kBurst slots
  std::vector<Packet> packets_;
  Counters counters_;
};

}  // namespace poise::realnet
