// The replication stream: what the replicas and the witness say to each other (README.md has the
// format), as values, written and read.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "model/hash.h"
#include "model/tcp/connection/record.h"
#include "model/tcp/replication/gathered.h"

namespace poise::tcp {

// Both replicas, first: who I am. `epoch`: the newest I know; `logged`: my newest record.
struct Hello {
  std::uint32_t version = 1;
  std::uint64_t epoch = 0;
  Lsn logged = 0;
  bool active = false;
  std::uint32_t replica = 0;  // 0 or 1
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
  std::uint64_t lease_ns = 0;         // that the sender takes an answer for
  bool answer = false;
  bool alone = false;  // of the epoch, as it was granted: a witness that forgot learns it here

  // Of who configured a minute or more, a minute.
  Duration lease() const {
    constexpr Duration kMost = std::chrono::minutes{1};
    return Duration{std::min(lease_ns, static_cast<std::uint64_t>(kMost.count()))};
  }
};

// Active to standby: take over, I have stopped (planned migration).
struct Handover {
  std::uint64_t epoch = 0;  // of the new active
  Lsn lsn = 0;
};

// To the witness: I want `epoch` (one more than the newest I know). takeover: as the standby of the
// epoch before, with all that its active has told; otherwise as its active, to go on without the
// standby (alone) or with it again, or as who begins with nothing.
struct Claim {
  std::uint64_t epoch = 0;
  std::uint32_t replica = 0;  // 0 or 1
  bool takeover = false;
  bool alone = false;
  std::uint64_t sent_ns = 0;  // by the sender's clock; the same when it is sent again
};
// No replica: the holder of an epoch that a witness only heard of.
inline constexpr std::uint32_t kNobody = 2;

// From the witness: the newest epoch, its holder, whether its standby may take over, and whether
// the claim that this answers was granted.
struct Ruling {
  std::uint64_t epoch = 0;
  std::uint32_t holder = kNobody;
  bool alone = false;
  bool granted = false;
  std::uint64_t claim_ns = 0;  // sent_ns of the claim that this answers; 0: it answers none
};

using StreamMessage = std::variant<Hello, SnapshotBegin, SnapshotEnd, Batch, Acknowledgment,
                                   Heartbeat, Handover, Claim, Ruling>;

// No frame is longer. REQUIRES, of who writes: blob and extents of one record are at most
// kRecordBytesMax together.
inline constexpr std::size_t kFrameMax = 1u << 20;
inline constexpr std::size_t kRecordBytesMax = kFrameMax - 1024;

// Appends one framed message (a Batch: in as many as it takes).
void write_message(std::string& out, const StreamMessage& message);

// A batch written record by record, whose long extents are lent.
//
//   BatchWriter batch(gathered, epoch, first);
//   while (...) if (!batch.add(record)) break;      // no room in this frame: the next batch's
//   batch.finish();
class BatchWriter {
 public:
  // REQUIRES: nobody else writes to `out` before finish().
  BatchWriter(Gathered& out, std::uint64_t epoch, Lsn first);
  // False, and nothing is written, when the frame would be too long; never for the first.
  [[nodiscard]] bool add(const Record& record);
  void finish();

  std::size_t size() const;  // of the frame so far; exact when it is finished
  std::uint32_t record_count() const { return record_count_; }

 private:
  Gathered& out_;
  std::size_t begin_;  // its size before
  std::size_t head_;   // the place of the frame's head
  std::uint32_t record_count_ = 0;
};

// Cuts a byte stream into messages. Total: bytes that are no message set failed(), and nothing
// comes after that (the peer is to be hung up on). Bounded: a frame longer than kFrameMax fails.
//
//   reader.feed(bytes);
//   while (std::optional<StreamMessage> message = reader.next()) ...
class MessageReader {
 public:
  // Reads `bytes` where they lie. REQUIRES: next() has said that nothing is left of those before,
  // and these stay until it says so again.
  void feed(std::span<const std::uint8_t> bytes);
  // The next whole message; its spans are valid until the next feed(), while what was fed is.
  std::optional<StreamMessage> next();
  // The same, false for nothing; a Batch in `into` lends its memory to the next one.
  [[nodiscard]] bool next(StreamMessage& into);
  bool failed() const { return failed_; }
  void add_to(Digest& digest) const;  // a message begun is state

 private:
  struct Frame {
    std::size_t head = 0;  // bytes of its length; 0: not all of them are there
    std::size_t size = 0;  // of what follows
  };
  Frame frame_at(std::span<const std::uint8_t> bytes);
  std::optional<std::span<const std::uint8_t>> next_frame();
  std::optional<std::span<const std::uint8_t>> next_joined_frame();

  std::span<const std::uint8_t> input_;
  std::vector<std::uint8_t> partial_;  // a frame of which not everything has come
  std::vector<std::uint8_t> joined_;   // the last one that came in pieces
  bool failed_ = false;
};

}  // namespace poise::tcp
