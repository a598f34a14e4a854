// One AF_XDP socket on one receive queue of a device: datagrams in and out through shared memory.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>

#include "model/machine.h"
#include "model/packet.h"
#include "model/time.h"
#include "realnet/host/interface.h"
#include "realnet/packets/next_hops.h"
#include "realnet/packets/nfqueue.h"
#include "realnet/packets/xdp_memory.h"
#include "realnet/system/fd.h"
#include "realnet/system/single_writer_count.h"

namespace poise::realnet {

// What happened. Other threads may read it.
struct XdpCounters {
  SingleWriterCount received;
  SingleWriterCount checksums_finished;
  SingleWriterCount sent;       // out of the device, from where they lay
  SingleWriterCount unwilling;  // turns in which the device did not take all that was ready
};

// What the kernel says of a ring.
struct KernelXdp {
  std::uint64_t dropped = 0;  // because the reader was too slow: no room, or no free frame
};

// How many receive queues a device has, in this thread's network namespace; at least 1.
unsigned device_queue_count(const Interface& device);

// Only what an XdpFilter directs here arrives. Not thread-safe. The datagrams of a burst lie in the
// ring's own memory, with kHeadroom before each, until settle().
class XdpRing {
 public:
  // In this thread's network namespace. The kernel copies between its own buffers and the ring
  // (XDP_COPY), which every driver can. Throws SystemError: without CAP_NET_RAW, when another
  // process has the device's queue, when the kernel has no AF_XDP.
  XdpRing(const Interface& device, unsigned device_queue);
  XdpRing(const XdpRing&) = delete;
  XdpRing& operator=(const XdpRing&) = delete;

  // Takes what is there, up to kBurst, and waits for nothing. Partial checksums (of senders on this
  // machine) are finished. REQUIRES: the last burst was settled.
  std::size_t receive();
  std::span<Packet> packets() { return std::span(packets_).first(count_); }
  static Hook hook(std::size_t) { return Hook::prerouting; }
  // The i-th of the burst leaves on this device by settle(), if the kernel knows the next hop to
  // its (new) destination; false: it must leave in another way.
  bool forward(std::size_t i, Instant now) noexcept;
  // What was not forwarded is gone.
  void settle() noexcept;

  const XdpCounters& counters() const { return counters_; }
  KernelXdp kernel() const;
  unsigned device_queue() const { return device_queue_; }
  int fd() const { return memory_.fd(); }

 private:
  void take(const xdp_desc& description);
  void finish_checksum(Packet& packet);
  void reap() noexcept;
  void kick() noexcept;

  Interface device_;
  unsigned device_queue_;
  XdpMemory memory_;
  NextHops hops_;
  std::array<Packet, kBurst> packets_;
  std::array<std::uint64_t, kBurst> frames_{};  // of the packets; kAway: not ours any more
  std::size_t count_ = 0;
  XdpCounters counters_;
};

}  // namespace poise::realnet
