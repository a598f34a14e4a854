// One connection: its state machine (RFC 9293), both windows, its timers, and what of it a standby
// knows.
//
// Beside what is (received, written, edge, ...) stands what may be told: the values that the
// standby has acknowledged. Segments are made from the latter alone, when they leave. Without
// replication both are the same after every event.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <utility>

#include "model/hash.h"
#include "model/tcp/application/application.h"
#include "model/tcp/buffer/byte_queue.h"
#include "model/tcp/buffer/range_set.h"
#include "model/tcp/connection/config.h"
#include "model/tcp/connection/record.h"
#include "model/tcp/segment/segment.h"
#include "model/tcp/sender/sender.h"

namespace poise::tcp {

// The clock of TCP timestamps, one for all connections of a host, in milliseconds (RFC 7323, 5.4).
// A host that takes over sets it ahead of what its predecessor may have said (rule R8).
class TimestampClock {
 public:
  std::uint32_t at(Instant now) const {
    return static_cast<std::uint32_t>(to_ns(now) / 1'000'000) + shift_;
  }
  void set(Instant now, std::uint32_t value) { shift_ += value - at(now); }
  std::uint32_t shift() const { return shift_; }

 private:
  std::uint32_t shift_ = 0;
};

// What a standby has when it has acknowledged a record: told() makes it the most that may be said.
struct Mark {
  std::uint64_t received = 0;
  std::uint64_t queued = 0;
  std::uint64_t edge = 0;
  bool fin_received = false;
  bool closed = false;
  bool gone = false;
  std::uint8_t duplicates = 0;  // acknowledgments owed for what came out of order
  bool ack_now = false;
  std::array<Range, Record::kExtentsMax> arrived{};  // out of order, may be SACKed
  std::uint8_t arrived_count = 0;
};

// The least scale of RFC 7323, 2.3 that lets a window say the whole buffer.
std::uint8_t scale_for(std::uint32_t buffer);

class Connection final : public Stream {
 public:
  // What it borrows of its host.
  struct Place {
    ChunkPool* pool = nullptr;
    const TimestampClock* clock = nullptr;
    bool cookies = false;  // handshakes must be complete in what the client sends back
  };

  Connection(const FlowKey& key, const ConnectionConfig& config, Place& place);

  // Ways to begin. `iss` and the timestamp offset are the host's choice.
  void open_active(Instant now, Seq iss, std::uint32_t timestamp_offset);
  // A SYN came to a listener: SYN-RECEIVED. `handshake` has what was agreed.
  // `recent`: its timestamp.
  void open_passive(Instant now, const Handshake& handshake, std::uint32_t timestamp_offset,
                    std::uint32_t recent);
  // A cookie came back: ESTABLISHED; the segment that brought it is given to on_segment next.
  void open_cookie(Instant now, const Handshake& handshake, std::uint32_t timestamp_offset,
                   std::uint32_t recent);

  // False: the segment is to be answered by a reset (reset_for).
  [[nodiscard]] bool on_segment(Instant now, const Segment& segment) noexcept;
  // In TIME-WAIT: this SYN begins a new connection between the same ends (RFC 9293, 3.6.1; RFC
  // 6191).
  // A half-open one that a listener began gives way to another SYN: its peer has begun anew.
  bool gives_way_to(const Segment& syn) const;
  void on_path_mtu(Instant now, std::uint32_t mtu, Seq quoted) noexcept;  // RFC 1191, RFC 8201
  void on_timer(Instant now) noexcept;
  Instant deadline() const;
  // Writes the next segment that may leave; 0 when there is none.
  std::size_t next_segment(Instant now, std::span<std::uint8_t> memory) noexcept;

  // The log. A connection is dirty when a standby should hear of a change.
  bool dirty() const { return dirty_; }
  // Describes all changes since the last call (or all, after log_afresh) and what becomes tellable
  // with them. Nothing when a standby need not know it: a handshake, or the end of what it never
  // heard of. The record's spans point into this connection.
  std::optional<Record> log(Slot slot, Mark& mark);
  void log_afresh() {
    logged_ = Logged{}, unlogged_ = ahead_, dirty_ = true;
    logged_.blob = blob_size_ == 0;
  }
  void tell(Instant now, const Mark& mark) noexcept;  // the standby has it
  // Without a log: all that is may be told.
  void tell_all(Instant now) noexcept;
  // On a standby: follows a record. False when it does not fit (a gap): the replica is lost.
  bool apply(const Record& record) noexcept;
  // The standby becomes active: speaks again, from the oldest unacknowledged byte.
  void take_over(Instant now) noexcept;

  State state() const { return state_; }
  // Nothing more will come of it: the slot may be freed. (A reset to be sent comes first.)
  bool finished() const { return state_ == State::closed && !reset_due_; }
  // The application should look at it; the host asks it and clears the flag.
  bool take_ready() { return std::exchange(ready_, false); }
  // The pool had no chunk for what the application wrote: wake() when it has.
  bool take_starved() { return std::exchange(starved_, false); }
  void wake() { ready_ = true; }
  bool half_open() const { return state_ == State::syn_received; }
  Agreement agreement() const;
  const Sender& sender() const { return sender_; }
  void add_to(Digest& digest) const;

  // Stream.
  const FlowKey& key() const override { return envelope_.key; }
  std::uint64_t consumed() const override { return in_.begin(); }
  std::uint64_t received() const override { return received_; }
  bool peer_closed() const override { return fin_received_; }
  bool broken() const override { return broken_; }
  std::size_t read_at(std::uint64_t offset, std::span<std::uint8_t> into) const override;
  std::uint64_t acknowledged() const override { return out_.begin(); }
  std::uint64_t committed() const override { return queued_; }
  std::uint64_t written() const override { return written_; }
  std::uint64_t room() const override;
  WriteResult write_at(std::uint64_t offset, std::span<const std::uint8_t> bytes) override;
  bool commit(std::uint64_t consumed, std::uint64_t produced,
              std::span<const std::uint8_t> blob) override;
  std::span<const std::uint8_t> blob() const override { return {blob_.data(), blob_size_}; }
  void close() override;
  void abort() override;

 private:
  void log_round_trip(Record& record);
  void log_arrivals(Record& record, Mark& mark);
  bool apply_arrivals(const Record& record) noexcept;
  // Then a standby must hear at once what is free: before it hears who took it.
  bool is_memory_short() const noexcept {
    return place_->pool->free_count() < place_->pool->chunk_count() / 8;
  }
  std::uint64_t held_up_to(const Record& record) const noexcept;

  // What the last record said.
  struct Logged {
    bool opened = false;
    State state = State::closed;
    std::uint64_t acknowledged = 0, queued = 0, received = 0, consumed = 0, edge = 0;
    std::uint64_t staged = 0;  // end of the written bytes that were said
    bool closed = false, fin_received = false, blob = true;
    std::uint32_t timestamp_recent = 0, srtt_us = 0;
  };

  // Receiving (receive.cc), in the order of RFC 9293, 3.10.7.
  enum class Step : std::uint8_t { go_on, done, reset };
  bool on_syn_sent(Instant now, const Segment& segment) noexcept;
  Step check_sequence(Instant now, const Segment& segment) noexcept;
  bool is_old(Instant now, const Timestamps& timestamps) const noexcept;
  bool refuses_timestamp(Instant now, const Segment& segment) noexcept;
  Step on_reset(Instant now, const Segment& segment) noexcept;
  Step check_acknowledgment(Instant now, const Segment& segment) noexcept;
  void on_acknowledgment(Instant now, const Segment& segment, Position position) noexcept;
  bool learn_window(const Segment& segment, Position position) noexcept;
  void on_no_progress(Instant now, std::uint64_t window_before) noexcept;
  void on_our_fin_acknowledged(Instant now) noexcept;
  void on_payload(Instant now, const Segment& segment) noexcept;
  bool arrives(std::uint64_t offset, std::span<const std::uint8_t> bytes) noexcept;
  void on_fin(Instant now) noexcept;
  Position receive_next() const {
    return static_cast<Position>(received_) + 1 + (fin_received_ ? 1 : 0);
  }
  void agree(const Segment& syn);
  void establish(Instant now, std::optional<Duration> rtt);
  void challenge(Instant now) noexcept;
  void die(bool broken) noexcept;

  // Sending (transmit.cc).
  std::size_t write(Instant now, std::span<std::uint8_t> memory, Segment& segment,
                    std::uint64_t offset, std::size_t size) noexcept;
  std::size_t write_syn(Instant now, std::span<std::uint8_t> memory) noexcept;
  std::size_t write_reset(Instant now, std::span<std::uint8_t> memory) noexcept;
  std::size_t write_piece(Instant now, std::span<std::uint8_t> memory,
                          const Sender::Piece& piece) noexcept;
  bool waits_for_more(const Sender::Piece& piece) const noexcept;
  Options options(Instant now, bool with_sacks) noexcept;
  std::uint16_t advertise() noexcept;
  void raise_edge() noexcept;
  void follow_rounding() noexcept;
  void learn_scales() noexcept;
  std::uint64_t edge_margin() const;
  void arm_persist(Instant now) noexcept;
  bool speaks_data() const;
  void linger(Instant until) noexcept { linger_at_ = until; }
  Position tellable_end() const { return static_cast<Position>(told_.queued) + 1; }
  Position tellable_ack() const {
    return static_cast<Position>(told_.received) + 1 + (told_.fin_received ? 1 : 0);
  }
  std::uint32_t effective_mss() const;
  void enter(State state) noexcept {
    state_ = state, dirty_ = true;
    if (state == State::time_wait) keepalive_at_ = kNever;  // nobody is asked any more
  }

  ConnectionConfig config_;
  Place* place_;
  Envelope envelope_;
  State state_ = State::closed;
  Handshake handshake_;
  std::uint32_t timestamp_offset_ = 0;
  std::uint32_t mss_ = 536;     // of what we send, options not counted
  std::uint8_t scale_in_ = 0;   // of the windows we advertise
  std::uint8_t scale_out_ = 0;  // of the peer's

  // Sending: [acknowledged, queued_) may go, [queued_, written_) is staged.
  Sender sender_;
  ByteQueue out_;
  std::uint64_t written_ = 0, queued_ = 0;
  bool closed_ = false;   // by the application: FIN stands at queued_
  bool passive_ = false;  // a listener began it
  std::uint64_t peer_window_ = 0, peer_window_max_ = 0;
  std::optional<Duration> srtt_hint_;   // of the server before, to a standby
  Position window_sequence_ = 0;        // SND.WL1
  Position window_acknowledgment_ = 0;  // SND.WL2

  // Receiving: [consumed, received_) waits for the application, `ahead_` came out of order.
  ByteQueue in_;
  RangeSet ahead_;  // positions
  std::uint64_t received_ = 0;
  std::uint64_t edge_ = 0;  // the greatest right edge that may be told, edge_margin() for rounding
  std::optional<std::uint64_t> fin_at_;  // the peer's FIN came, maybe ahead of what is missing
  bool fin_received_ = false;
  std::uint32_t timestamp_recent_ = 0;
  Instant timestamp_recent_at_{};
  bool congestion_seen_ = false;  // ECE until CWR (RFC 3168, 6.1.3)

  // The application's.
  std::array<std::uint8_t, kBlobMax> blob_;
  std::size_t blob_size_ = 0;
  bool ready_ = false, starved_ = false;

  // The log.
  Logged logged_;
  Mark told_;
  RangeSet sackable_;  // of ahead_, what the standby has
  RangeSet unlogged_;  // of ahead_, what no record has said
  Mark next_mark_;     // what the next record makes tellable: owed acknowledgments
  bool dirty_ = false;

  // What is due.
  bool syn_due_ = false, reset_due_ = false, broken_ = false, probe_due_ = false;
  bool ack_now_ = false, override_ = false;
  std::uint8_t duplicates_ = 0;
  std::optional<Range> duplicate_;  // to be told as D-SACK
  Position newest_arrival_ = 0;     // its range is told first
  Position last_ack_ = 0;           // RCV.NXT as last told
  std::uint64_t last_edge_ = 0;     // right edge as last told
  std::uint32_t syn_count_ = 0, persist_count_ = 0, keepalive_count_ = 0, probes_unanswered_ = 0;
  std::uint32_t timeouts_answered_ = 0;  // of the sender's, by a peer that took its window back
  std::uint8_t challenge_count_ = 0;
  Instant challenge_since_{};
  Instant syn_at_ = kNever, delayed_ack_at_ = kNever, persist_at_ = kNever, keepalive_at_ = kNever,
          linger_at_ = kNever,
          say_at_ = kNever;  // to the standby: what was acknowledged
  Instant progress_at_{};    // the peer last acknowledged something, or nothing was owed
};

}  // namespace poise::tcp
