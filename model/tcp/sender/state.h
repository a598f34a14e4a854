// The inside of a sender.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>

#include "model/tcp/sender/congestion.h"
#include "model/tcp/sender/prr.h"
#include "model/tcp/sender/rack.h"
#include "model/tcp/sender/rtt.h"
#include "model/tcp/sender/scoreboard.h"
#include "model/tcp/sender/sender.h"

namespace poise::tcp {

struct Sender::State {
  explicit State(const SenderConfig& config_in)
      : config(config_in), round_trip(config.rto_initial, config.rto_min, config.rto_max) {}

  // Open: nothing is repaired. Recovery: fast, after duplicates or by time. Loss: after a timeout,
  // a takeover, a smaller path MTU. Both end when all that was sent before is acknowledged.
  enum class Phase : std::uint8_t { open, recovery, loss };

  SenderConfig config;
  RoundTrip round_trip;
  Congestion congestion;
  Scoreboard board;
  Rack rack;
  Prr prr;
  std::uint32_t mss = 536;
  bool sack = false;
  Position una = 1, max = 1;
  Instant started_at{};
  Phase phase = Phase::open;
  Position recover = 0;          // the end of what was sent when the last phase of repair began
  bool forced = false;           // the next retransmission leaves whatever the window says
  bool reneged = false;          // the peer forgot what it had SACKed
  std::uint32_t duplicates = 0;  // duplicate acknowledgments in a row
  std::uint64_t arrived = 0;     // bytes that duplicates tell of without SACK (RFC 6582, 3.2)

  // The most that was on its way since `used_until` was sent (RFC 7661, 4.3).
  std::uint64_t used = 0;
  Position used_until = 0;
  Instant sent_at = kNever;  // the last time

  Instant rto_at = kNever, probe_at = kNever, reorder_at = kNever;
  std::uint32_t timeouts = 0;

  // Tail loss probe (RFC 8985, 7).
  bool probe_due = false, probe_repeats = false;
  Position probe_end = 0;  // 0: none is out

  // What an undo goes back to, and what it hangs on: the first retransmission of the phase
  // (RFC 3522), and how many were not told to be needless yet (RFC 3708).
  std::optional<Congestion> before;
  Instant repeated_at = kNever;
  Position repeated_begin = 0;
  std::uint64_t repeats = 0;

  Position ecn_recover = 0;
  bool cwr = false;
  Counters counters;

  // What one acknowledgment told.
  struct News {
    std::uint64_t delivered = 0;     // bytes that arrived, as far as was not known
    std::uint64_t acknowledged = 0;  // bytes that `una` advanced
    std::uint64_t outstanding = 0;   // on their way before it
    std::uint64_t lost_before = 0;
    bool advanced = false;
    bool repeated = false;  // something that was sent again arrived
    bool late = false;      // something arrived that counted as lost and was not sent again
    std::optional<Duration> rtt;
  };

  // ack.cc: what arrived.
  News take_in(Instant now, const Ack& ack);
  void on_arrival(Instant now, const Ack& ack, const Transmission& entry, News& news);
  void count_duplicate(const Ack& ack, News& news);
  void measure(Instant now, const Ack& ack, const News& news);
  void heed_mark(const News& news);
  void on_probe_answered(const Ack& ack, const News& news);
  void move_window(Instant now, const News& news, Phase before_it);

  // repair.cc: what is lost, and what of it was not.
  void detect(Instant now, const News& news);
  void detect_by_duplicates(const News& news);
  void detect_by_order();
  void detect_by_time(Instant now);
  Duration reordering_window() const;
  void enter_recovery(const News& news);
  void enter_loss();
  void leave_phase();
  void undo_if_spurious(const Ack& ack, const News& news);
  bool is_spurious(const Ack& ack, const News& news);
  void on_timeout(Instant now);

  std::uint64_t flight() const { return board.flight() - std::min(arrived, board.flight()); }
  std::uint64_t outstanding() const { return static_cast<std::uint64_t>(max - una); }
  bool fits(std::uint64_t size) const {
    return flight() + std::min<std::uint64_t>(size, mss) <= congestion.window() || flight() == 0;
  }
  void arm(Instant now, bool anew);
};

}  // namespace poise::tcp
