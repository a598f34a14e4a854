// One replica of two: its role and epoch, its lease, the log it writes or follows, and the
// takeover.
//
//   standby --snapshot complete, active silent, promise passed, epoch won--> active (alone)
//   active (alone) --a standby has the snapshot--> active (protected)
//   active (protected) --standby silent, epoch won--> active (alone)
//   active --hears of a newer epoch--> fenced --hears from the active--> standby
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <span>
#include <string>

#include "model/balancer/outbox.h"
#include "model/machine.h"
#include "model/tcp/host/host.h"
#include "model/tcp/host/message_queue.h"
#include "model/tcp/host/table.h"
#include "model/tcp/replication/lease.h"
#include "model/tcp/replication/stream.h"

namespace poise::tcp {

class Pair {
 public:
  // How a standby makes room for a connection that its active has: nothing when no listener of ours
  // has that address.
  using Seat = const Listener* (*)(const HostConfig&, const FlowKey&);

  Pair(const HostConfig& config, Table& table, Seat seat);

  void start(Instant now);
  void on_peer(Instant now, PeerId peer, PeerEvent event);
  void on_message(Instant now, PeerId peer, std::span<const std::uint8_t> bytes);
  void on_timer(Instant now);
  bool on_order(Instant now, Host::Order order);
  Instant deadline() const;

  // This replica serves: it takes segments in. (A standby and a fenced one ignore them.)
  bool serves() const { return role_ == Role::active || role_ == Role::alone; }
  // Outputs may leave now: it serves, and its lease holds.
  bool speaks(Instant now) const { return now < speaks_until(); }
  // The end of that right, as things stand.
  Instant speaks_until() const;
  // Writes what changed into the log, and makes tellable what may be told: call before outputs are
  // made.
  void flush(Instant now);

  // When it last became the active in another's place: segments of unknown connections may then
  // belong to handshakes that the predecessor answered (rule R12).
  Instant took_over_at() const { return took_over_at_; }

  std::optional<LentMessage> lend_message();
  std::optional<Notice> next_notice() { return notices_.next(); }
  Role role() const { return role_; }
  std::uint64_t epoch() const { return epoch_; }
  bool is_protected() const { return role_ == Role::active && !alone_; }
  Lsn logged() const { return logged_; }
  Lsn committed() const { return committed_; }
  std::uint64_t log_size() const { return logged_bytes_ - committed_bytes_; }
  void add_to(Digest& digest) const;

 private:
  struct Outstanding {  // a record that the standby has not acknowledged
    Lsn lsn;
    Slot slot;
    std::uint32_t generation;
    Mark mark;
  };

  // Streams, and what is said on them (pair_streams.cc, pair_messages.cc).
  void on_stream_message(Instant now, PeerId peer, const StreamMessage& message);
  void on_hello(Instant now, const Hello& hello);
  void on_both_idle(Instant now);
  void on_snapshot_begin(Instant now, const SnapshotBegin& snapshot);
  void on_snapshot_end(Instant now, const SnapshotEnd& snapshot);
  void on_batch(Instant now, const Batch& batch);
  bool apply(const Record& record);
  void on_acknowledgment(Instant now, const Acknowledgment& acknowledgment);
  void on_heartbeat(Instant now, PeerId peer, const Heartbeat& heartbeat);
  void on_handover(Instant now, const Handover& handover);
  void on_ruling(Instant now, const Ruling& ruling);
  void send(PeerId peer, const StreamMessage& message);
  Hello greeting() const;
  void hang_up(Instant now, PeerId peer, const char* why);
  void lose(Instant now, PeerId peer);

  // The log of an active (pair_log.cc).
  void attach(Instant now);
  void write_batch(Instant now);
  void hold(const Record& record);
  void end_snapshot();
  void commit(Instant now, Lsn lsn);
  void tell_all(Instant now);
  bool gated() const;

  // Roles (pair.cc).
  void beat(Instant now);
  void claim(Instant now, bool takeover, bool alone);
  void become_active(Instant now, std::uint64_t epoch);
  void go_alone(Instant now, std::uint64_t epoch);
  void take_over(Instant now, std::uint64_t epoch);
  void be_fenced(Instant now, std::uint64_t epoch);
  void kick(Instant now);
  Instant suspicion_at() const;
  Duration decision_time() const { return 2 * replication_.missed_max * replication_.heartbeat; }
  void decide(Instant now);
  void excuse_silence(Instant now);
  void watch_active(Instant now);
  void watch_standby(Instant now);
  void notice(const char* kind, std::string subject, std::string detail);

  const HostConfig& config_;
  const ReplicationConfig& replication_;
  Table& table_;
  Seat seat_;
  Role role_;
  bool wants_active_;             // to begin with, unless the other replica serves already
  std::uint64_t epoch_ = 0;       // the newest known
  bool alone_ = true;             // active: without a standby that could take over
  bool complete_ = false;         // standby: has the snapshot
  bool snapshot_missed_ = false;  // standby: of one that it could not take, and what follows it
  bool relied_on_ = false;        // standby: its active has said that it waits for us
  bool handing_over_ = false;

  bool peer_up_ = false, witness_up_ = false;
  MessageReader from_peer_, from_witness_;
  Lease lease_;
  Promise promise_;            // ours, as a standby, to the active
  Instant heard_at_{};         // from the other replica
  std::uint32_t excuses_ = 0;  // that its silence since then was given
  Instant beat_at_ = kNever;
  Instant decide_at_ = kNever;  // nobody may be active: until then we ask
  Instant reopen_at_ = kNever, witness_reopen_at_ = kNever;
  std::optional<Claim> claimed_;
  Instant claimed_at_{};
  bool ruled_ = false;      // the witness has spoken to us in this life
  bool peer_idle_ = false;  // said to have no state and not to serve
  bool ack_due_ = false;
  std::uint32_t peer_clock_ = 0;
  Instant peer_clock_at_{};

  bool attached_ = false;  // active: records go to the standby
  bool snapshot_ended_ = false;
  Lsn snapshot_lsn_ = 0;
  Lsn logged_ = 0, committed_ = 0, applied_ = 0;
  std::deque<Outstanding> outstanding_;
  std::deque<std::pair<Lsn, std::uint64_t>> sizes_;  // bytes logged up to the record
  std::uint64_t logged_bytes_ = 0, committed_bytes_ = 0;
  Instant gate_opens_at_ = kNever;  // policy ftcp

  Instant took_over_at_ = Instant::min();
  Slot kick_next_ = 0;
  Instant kick_at_ = kNever;

  MessageQueue messages_;
  Queue<Notice> notices_;
};

}  // namespace poise::tcp
