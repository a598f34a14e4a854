// The replication stream: what the replicas and the witness say to each other (README.md has the
// format), as values, written and read.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "model/tcp/connection/record.h"

namespace poise::tcp {

// Both replicas, first: who I am. `epoch`: the newest I know; `logged`: my newest record.
struct Hello {
  std::uint32_t version = 1;
  std::uint64_t epoch = 0;
  Lsn logged = 0;
  bool active = false;
};

// Active to standby: what follows is everything, from `lsn` on. The standby forgets what it has.
struct SnapshotBegin {
  std::uint64_t epoch = 0;
  Lsn lsn = 0;
  std::uint32_t connection_count_max = 0;
};
// All connections have been said: from now on acknowledgments count.
struct SnapshotEnd {
  std::uint64_t epoch = 0;
  Lsn lsn = 0;
};

// Active to standby. Records `first`, first + 1, ...; the spans of a decoded batch point into the
// bytes it was read from.
struct Batch {
  std::uint64_t epoch = 0;
  Lsn first = 0;
  std::vector<Record> records;
};

// Standby to active: cumulative.
struct Acknowledgment {
  std::uint64_t epoch = 0;
  Lsn lsn = 0;
};

// To the standby and to the witness, and back again (`answer`) with the sender's instant as it was:
// the answer is a lease from that instant on.
struct Heartbeat {
  std::uint64_t epoch = 0;
  std::uint64_t sent_ns = 0;          // by the sender's clock
  std::uint32_t timestamp_clock = 0;  // TCP timestamps (R8): not above this plus a lease
  Lsn logged = 0;
  bool answer = false;
};

// Active to standby: take over, I have stopped (planned migration).
struct Handover {
  std::uint64_t epoch = 0;  // of the new active
  Lsn lsn = 0;
};

// To the witness: I want `epoch` (one more than the newest I know). takeover: as the standby of the
// epoch before; otherwise as its active, to go on without the standby (alone) or with it again.
struct Claim {
  std::uint64_t epoch = 0;
  std::uint32_t replica = 0;  // 0 or 1
  bool takeover = false;
  bool alone = false;
};
// From the witness: the newest epoch, its holder, whether its standby may take over, and whether
// the claim that this answers was granted.
struct Ruling {
  std::uint64_t epoch = 0;
  std::uint32_t holder = 0;
  bool alone = false;
  bool granted = false;
};

using StreamMessage = std::variant<Hello, SnapshotBegin, SnapshotEnd, Batch, Acknowledgment,
                                   Heartbeat, Handover, Claim, Ruling>;

// Appends one framed message.
void write_message(std::string& out, const StreamMessage& message);

// Cuts a byte stream into messages. Total: bytes that are no message set failed(), and nothing
// comes after that (the peer is to be hung up on). Bounded: a frame longer than kFrameMax fails.
inline constexpr std::size_t kFrameMax = 1u << 20;
class MessageReader {
 public:
  void feed(std::span<const std::uint8_t> bytes);
  // The next whole message; its spans are valid until the next feed().
  std::optional<StreamMessage> next();
  bool failed() const;

 private:
  std::vector<std::uint8_t> buffer_;
  std::size_t offset_ = 0;
  bool failed_ = false;
};

}  // namespace poise::tcp
