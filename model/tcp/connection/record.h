// What a standby must know of a connection (the hard state), and one change of it.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "model/flow/flow_key.h"
#include "model/tcp/segment/initial_sequence.h"
#include "model/tcp/segment/sequence.h"

namespace poise::tcp {

// RFC 9293, 3.3.2.
enum class State : std::uint8_t {
  closed,
  syn_sent,
  syn_received,
  established,
  fin_wait_1,
  fin_wait_2,
  close_wait,
  closing,
  last_ack,
  time_wait,
};

// A place in the log of an active replica: the number of a record, from 1.
using Lsn = std::uint64_t;

// The slot of a connection in its host; a standby keeps it in the same.
using Slot = std::uint32_t;

inline constexpr std::size_t kBlobMax = 256;

// Bytes of a stream from `offset` on (0 is the first).
struct Extent {
  std::uint64_t offset = 0;
  std::span<const std::uint8_t> bytes;
};

// Never changes once the handshake is over. The rest of a connection's configuration is its
// listener's, the same on all replicas.
struct Agreement {
  FlowKey key;  // of the peer's packets
  Handshake handshake;
  std::uint32_t timestamp_offset = 0;
  friend bool operator==(const Agreement&, const Agreement&) = default;
};

// A change of one connection. Applying it twice is applying it once, but for `gone`: the slot may
// have another connection by then, so a log is followed in order, each record once. Of a lost
// record the bytes show as a gap in what follows. Offsets are of streams: sent (by us) and
// received. What is absent has not changed.
struct Record {
  static constexpr std::size_t kExtentsMax = 8;

  Slot slot = 0;
  std::optional<Agreement> opened;            // the connection is new in this slot
  bool gone = false;                          // the connection and its slot are free
  std::optional<State> state;                 // established and later
  std::optional<std::uint64_t> acknowledged;  // sent bytes before it are no longer needed
  std::optional<std::uint64_t> written;       // end of what the application gave
  std::optional<bool> closed;                 // the application closed: FIN stands at `written`
  std::optional<std::uint64_t> received;      // in order
  std::optional<std::uint64_t> consumed;      // by the application
  std::optional<std::uint64_t> edge;          // no right edge beyond it was ever advertised
  std::optional<std::uint64_t> fin_at;        // the peer's FIN stands at this offset of received
  std::optional<std::uint32_t> timestamp_recent;      // TS.Recent (RFC 7323, 4.3)
  std::optional<std::uint64_t> peer_window;           // bytes beyond `acknowledged`: soft, a hint
  std::optional<std::uint32_t> srtt_us;               // smoothed round-trip time: soft, a hint
  std::optional<std::span<const std::uint8_t>> blob;  // the application's, at most kBlobMax bytes
  // New bytes. They may run ahead of `written`: a long step of an application goes in pieces, which
  // count when `written`, in the last of them, covers them.
  std::optional<Extent> sent;
  std::array<Extent, kExtentsMax> arrived{};  // received bytes not yet consumed, in or out of order
  std::uint8_t arrived_count = 0;
};

}  // namespace poise::tcp
