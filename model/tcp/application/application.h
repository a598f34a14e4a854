// What serves a connection: a stream addressed by offsets, and the interface of those who use it.
#pragma once

#include <cstdint>
#include <span>

#include "model/flow/flow_key.h"
#include "model/time.h"

namespace poise::tcp {

enum class [[nodiscard]] WriteResult : std::uint8_t{
    done,
    gap,     // the offset lies beyond what was written: something is missing
    full,    // not all of it fits; `write_at` again from written() on when there is room
    closed,  // the connection takes no more
};

// One connection as its application sees it. Offsets count the bytes of each direction from 0 and
// never restart, also not in another server: what was done can be asked for, and doing it twice is
// doing it once. All that an application does in one call is one record of the log: a standby has
// either all of it or nothing.
class Stream {
 public:
  virtual ~Stream() = default;

  virtual const FlowKey& key() const = 0;  // source: the peer

  // What came. Bytes before consumed() are gone, those before received() can be read.
  virtual std::uint64_t consumed() const = 0;
  virtual std::uint64_t received() const = 0;
  // The peer has closed, and received() is all that it will ever say.
  virtual bool peer_closed() const = 0;
  // It ended before both had closed: the peer reset it, or answered no more (RFC 9293, MUST-12).
  virtual bool broken() const = 0;
  // Copies what there is at `offset` and returns its size; consumes nothing. 0 below consumed().
  virtual std::size_t read_at(std::uint64_t offset, std::span<std::uint8_t> into) const = 0;

  // What goes. committed() <= written(): what was written and not committed is not sent, and is
  // forgotten with the server.
  virtual std::uint64_t acknowledged() const = 0;
  virtual std::uint64_t committed() const = 0;
  virtual std::uint64_t written() const = 0;
  virtual std::uint64_t room() const = 0;  // bytes that write_at takes from written() on
  // Idempotent: what was written before is skipped, unread.
  virtual WriteResult write_at(std::uint64_t offset, std::span<const std::uint8_t> bytes) = 0;

  // At once: bytes before `consumed` are read, bytes before `produced` may be sent, and `blob` (at
  // most 256 bytes) is what this connection's application knows. False, and nothing changes, when
  // an offset lies behind what was committed before or ahead of what is there, or the blob is too
  // long.
  virtual bool commit(std::uint64_t consumed, std::uint64_t produced,
                      std::span<const std::uint8_t> blob) = 0;
  virtual std::span<const std::uint8_t> blob() const = 0;

  // No more will be written: what was committed is sent, then FIN.
  virtual void close() = 0;
  // At once, with a reset.
  virtual void abort() = 0;
};

// The ordinary calls, which commit by themselves and keep the blob.
std::size_t read(Stream& stream, std::span<std::uint8_t> into);
std::size_t write(Stream& stream, std::span<const std::uint8_t> bytes);

// Serves all connections of a listener. Keeps nothing of a connection in itself: all that must
// survive stands in the stream's offsets and blob, so that a standby goes on with the same object
// of its own. Deterministic: what it does is a function of what it reads.
class Application {
 public:
  virtual ~Application() = default;
  // Something changed since the last call: the connection opened, bytes came, room appeared, the
  // peer closed, or this server took over; or the connection has ended, and this is the last call.
  virtual void on_ready(Instant now, Stream& stream) = 0;
};

}  // namespace poise::tcp
