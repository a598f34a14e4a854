// Sends whole IP datagrams, both families, many in one system call.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include <netinet/in.h>
#include <sys/socket.h>

#include "model/machine.h"
#include "model/packet.h"
#include "realnet/system/fd.h"
#include "realnet/system/single_writer_count.h"

namespace poise::realnet {

// Over raw sockets of this thread's network namespace; the kernel routes by the destination and
// leaves every byte as it is, but fills an IPv4 identification of 0. Not thread-safe.
class RawSender {
 public:
  struct Counters {
    SingleWriterCount sent;
    SingleWriterCount too_big;      // longer than the way's MTU (EMSGSIZE)
    SingleWriterCount unreachable;  // no route, or the kernel forbids it
    SingleWriterCount failed;       // any other reason
  };

  // `mark`: of the sockets (SO_MARK), so that rules can tell our own datagrams; 0: none.
  // Throws SystemError: without CAP_NET_RAW.
  explicit RawSender(std::uint32_t mark = 0);

  // Takes a datagram for the next flush(); its bytes must stay as they are until then. Flushes by
  // itself when kBurst of the family are waiting. What is not IPv4 or IPv6 counts as failed.
  void queue(const Packet& packet) noexcept;
  void flush() noexcept;
  void send(const Packet& packet) noexcept {
    queue(packet);
    flush();
  }

  const Counters& counters() const { return counters_; }

 private:
  struct Batch {
    Fd socket;
    std::size_t count = 0;
    std::array<iovec, kBurst> parts{};
    std::array<sockaddr_in6, kBurst> destinations{};  // or sockaddr_in, which is smaller
    std::array<mmsghdr, kBurst> messages{};
  };
  void flush(Batch& batch) noexcept;

  Batch v4_, v6_;
  Counters counters_;
};

}  // namespace poise::realnet
