// One NFQUEUE of the kernel: datagrams in bursts, verdicts in batches.
//
// A rule `-j NFQUEUE --queue-num N` hands datagrams to whoever holds queue N of the namespace, and
// waits for the verdict on each. Spoken here is the netlink protocol itself
// (linux/netfilter/nfnetlink_queue.h).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include <sys/socket.h>

#include "model/machine.h"
#include "model/packet.h"
#include "model/time.h"
#include "realnet/system/fd.h"
#include "realnet/system/single_writer_count.h"

namespace poise::realnet {

struct QueueSettings {
  std::uint16_t number = 0;
  std::uint32_t length = 4096;  // datagrams that may wait for a verdict; more are lost, and counted
  std::uint32_t receive_buffer_bytes = 64u << 20;  // of the socket; kernel memory, used when needed
  std::uint32_t burst = kBurst;  // datagrams at once, 1 to kBurst: fewer are decided sooner
  bool fail_open = false;  // when the queue is full: true lets datagrams pass, false drops them
};

// Where on its way through the host a datagram was when it was queued.
enum class Hook : std::uint8_t { prerouting, input, forward, output, postrouting };

// What happened, and what went wrong and was survived. Other threads may read it.
struct QueueCounters {
  SingleWriterCount received;
  SingleWriterCount checksums_finished;
  SingleWriterCount unreadable;       // netlink messages that make no sense
  SingleWriterCount overruns;         // the socket's buffer was full (ENOBUFS): datagrams were lost
  SingleWriterCount verdicts_failed;  // the kernel refused them; their datagrams are gone
};

// What the kernel says of a queue in this thread's namespace; zeros when nobody holds it.
struct KernelQueue {
  bool held = false;
  std::uint64_t waiting = 0;         // for a verdict, now
  std::uint64_t dropped_full = 0;    // because too many waited
  std::uint64_t dropped_socket = 0;  // because the reader's buffer was full
};
KernelQueue kernel_queue(std::uint16_t number);

// Not thread-safe. The datagrams of a burst lie in the queue's own memory, with kHeadroom before
// each, until the next receive().
class Queue {
 public:
  // Binds the queue in this thread's network namespace. Throws SystemError: without CAP_NET_ADMIN,
  // when another process holds it, when the kernel has no NFQUEUE.
  explicit Queue(const QueueSettings& settings);

  // Waits up to `wait_max` for a datagram, then takes all that are there, up to kBurst. May come
  // back empty-handed early. Partial checksums (of datagrams that come from this machine, say) are
  // finished.
  std::size_t receive();

  // Of the burst, in its order.
  std::span<Packet> packets() { return std::span(packets_).first(count_); }
  Hook hook(std::size_t i) const { return static_cast<Hook>(meta_[i].hook); }
  bool is_v4(std::size_t i) const { return meta_[i].is_v4; }

  // What happens to a queued datagram: it goes on as it came, goes on with the bytes that its
  // Packet has now (of the same family), or is gone.
  enum class Fate : std::uint8_t { accept, replace, drop };
  // Once a burst. REQUIRES: fates.size() == packets().size().
  void settle(std::span<const Fate> fates);

  const QueueCounters& counters() const { return counters_; }
  const QueueSettings& settings() const { return settings_; }
  int fd() const { return socket_.get(); }

  // A thread that waits in receive() looks up at least this often.
  static constexpr Duration kWaitMax = std::chrono::milliseconds{50};

 private:
  struct Meta {
    std::uint32_t id = 0;
    std::uint8_t hook = 0;
    bool is_v4 = true;
  };
  struct Slot;

  void configure(std::uint16_t type, std::span<const std::uint8_t> attribute, const char* what);
  void take(std::size_t slot, std::size_t size);
  void take_datagram(std::size_t slot, std::span<std::uint8_t> message);
  void send_verdicts(std::size_t first, std::size_t last, std::span<const Fate> fates);
  void drop_all_to(std::uint32_t id) noexcept;

  QueueSettings settings_;
  Fd socket_;
  // These point at one another, so they stay where they are when the queue is moved.
  std::vector<std::uint8_t> memory_;  // kBurst slots
  std::vector<iovec> receive_parts_;
  std::vector<mmsghdr> receive_headers_;
  std::array<Packet, kBurst> packets_;
  std::array<Meta, kBurst> meta_;
  std::size_t count_ = 0;
  QueueCounters counters_;
};

}  // namespace poise::realnet
