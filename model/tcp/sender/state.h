// The inside of a sender.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>

#include "model/tcp/sender/congestion.h"
#include "model/tcp/sender/ledger.h"
#include "model/tcp/sender/rtt.h"
#include "model/tcp/sender/sender.h"

namespace poise::tcp {

struct Sender::State {
  explicit State(const SenderConfig& config_in)
      : config(config_in), round_trip(config.rto_initial, config.rto_min, config.rto_max) {}

  // None: losses are neither suspected nor repaired. Recovery: fast, after duplicates (RFC 6675,
  // RFC 8985). Loss: after a timeout. Both end when all that was sent before is acknowledged.
  enum class Phase : std::uint8_t { open, recovery, loss };

  SenderConfig config;
  RoundTrip round_trip;
  Congestion congestion;
  Ledger ledger;
  std::uint32_t mss = 536;
  bool sack = false;
  Position una = 1, max = 1;
  std::uint64_t flight = 0;  // bytes neither acknowledged, SACKed nor held for lost (pipe)
  std::uint64_t sacked = 0, lost = 0;
  Phase phase = Phase::open;
  Position recover = 0;          // the end of what was sent when the phase began
  std::uint32_t duplicates = 0;  // acknowledgments in a row without SACK
  bool forced = false;           // the first retransmission of a recovery may always leave

  // PRR (RFC 9937): the window of a recovery follows what is delivered.
  std::uint64_t prr_delivered = 0, prr_out = 0, recovery_flight = 0;

  // RACK (RFC 8985): the newest delivered transmission.
  Instant rack_sent_at = Instant::min();
  Position rack_end = 0;
  Duration rack_rtt{};
  bool reordering_seen = false;
  std::uint32_t reordering_factor = 1, reordering_persist = 0;
  Position reordering_round = 0;
  Position delivered_max = 0;  // the highest end that was ever acknowledged or SACKed
  Instant reorder_at = kNever;

  // Tail loss probe.
  Instant probe_at = kNever;
  bool probe_due = false, probe_repeats = false;
  Position probe_end = 0;  // 0: none is out

  Instant rto_at = kNever;
  std::uint32_t timeouts = 0;
  Instant sent_at = Instant::min();  // last

  // Undo (RFC 4015), while it may turn out that nothing was lost.
  std::optional<Congestion> before;
  Instant repeated_at = kNever;  // the first retransmission of the phase

  Position ecn_recover = 0;
  bool cwr = false;
  Counters counters;

  // What one acknowledgment did.
  struct Progress {
    std::uint64_t delivered = 0;  // bytes newly acknowledged or SACKed
    std::uint64_t flight_before = 0;
    std::uint64_t lost_before = 0;
    bool advanced = false;
    bool repeated_acknowledged = false;
    std::optional<Duration> rtt;
    Instant newest = Instant::min();  // sent_at of what gave it
  };

  // ack.cc
  Progress take_in(Instant now, const Ack& ack);
  void deliver(Instant now, const Ack& ack, Transmission& entry, Progress& progress);
  void take_sacks(Instant now, const Ack& ack, Progress& progress);
  void end_phase_if_done(const Ack& ack, const Progress& progress);
  void detect(Instant now, const Ack& ack, const Progress& progress);
  void detect_by_duplicates(const Ack& ack, const Progress& progress);
  void detect_by_order();
  void detect_by_time(Instant now);
  void learn_reordering(const Ack& ack);
  Duration reordering_window() const;
  void enter_recovery(Instant now);
  void steer(const Progress& progress);
  void undo_if_spurious(const Ack& ack, const Progress& progress);
  void on_probe_answered(const Ack& ack);
  void mark_lost(Transmission& entry);
  void arm(Instant now, bool progress);
};

}  // namespace poise::tcp
