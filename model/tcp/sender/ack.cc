// What an acknowledgment says: progress, losses, and how much may follow.
#include <algorithm>

#include "model/tcp/sender/state.h"

namespace poise::tcp {

namespace {

constexpr std::uint32_t kDuplicatesMax = 3;                 // RFC 5681, 3.2
constexpr auto kClockSlack = std::chrono::milliseconds{2};  // of timestamps' ticks

}  // namespace

void Sender::on_ack(Instant now, const Ack& ack) {
  State& s = *state_;
  const bool was_recovering = s.phase == State::Phase::recovery;
  const State::Progress progress = s.take_in(now, ack);
  // Without a sample the back-off stays (Karn's algorithm; RFC 6298, 5).
  if (progress.rtt)
    s.round_trip.sample(*progress.rtt);
  else if (progress.advanced && ack.rtt)
    s.round_trip.sample(*ack.rtt);
  if (ack.ece && ack.position > s.ecn_recover) {  // once a window (RFC 3168, 6.1.2)
    s.ecn_recover = s.max;
    s.cwr = true;
    if (s.phase == State::Phase::open) s.congestion.on_congestion(progress.flight_before);
  }
  if (progress.advanced) {
    s.timeouts = 0;
    s.duplicates = 0;
    s.undo_if_spurious(ack, progress);
    s.end_phase_if_done(ack, progress);
  }
  if (s.probe_end != 0) s.on_probe_answered(ack);
  s.learn_reordering(ack);
  s.detect(now, ack, progress);
  if (s.phase == State::Phase::recovery)
    s.steer(progress);
  else if (progress.advanced && !was_recovering)  // its end sets the window (RFC 6582, 3.2)
    s.congestion.on_acknowledged(now, progress.delivered, progress.flight_before,
                                 s.round_trip.srtt().value_or(Duration{}));
  s.arm(now, progress.advanced);
}

// An entry has arrived, for the first time that we hear of.
void Sender::State::deliver(Instant now, const Ack& ack, Transmission& entry, Progress& progress) {
  const std::uint64_t size = entry.range.size();
  progress.delivered += size;
  if (entry.lost)
    lost -= size;
  else
    flight -= size;
  if (entry.lost) entry.lost = false;
  progress.repeated_acknowledged |= entry.repeated;
  // A retransmission that is answered sooner than ever, or whose timestamp is not echoed, was not
  // what arrived (RFC 8985, 6.2, step 2).
  const bool ambiguous =
      entry.repeated && (now - entry.sent_at < round_trip.min() ||
                         (ack.echoed_at && *ack.echoed_at + kClockSlack < entry.sent_at));
  if (!ambiguous && (entry.sent_at > rack_sent_at ||
                     (entry.sent_at == rack_sent_at && entry.range.end > rack_end))) {
    rack_sent_at = entry.sent_at;
    rack_end = entry.range.end;
    rack_rtt = now - entry.sent_at;
  }
  if (!entry.repeated && entry.range.end < delivered_max && sack) reordering_seen = true;
  delivered_max = std::max(delivered_max, entry.range.end);
  if (!entry.repeated && entry.sent_at >= progress.newest) {
    progress.newest = entry.sent_at;
    progress.rtt = now - entry.sent_at;
  }
}

Sender::State::Progress Sender::State::take_in(Instant now, const Ack& ack) {
  Progress progress;
  progress.flight_before = flight;
  progress.lost_before = lost;
  if (ack.position > una) {
    progress.advanced = true;
    una = ack.position;
    while (!ledger.empty() && ledger.front().range.begin < una) {
      Transmission& entry = ledger.front();
      if (entry.range.end > una) ledger.split(0, una);
      if (ledger.front().sacked)
        sacked -= ledger.front().range.size();
      else
        deliver(now, ack, ledger.front(), progress);
      ledger.pop_front();
    }
    max = std::max(max, una);
  } else if (!ack.has_data && !ack.window_changed && una < max) {
    ++duplicates;
  }
  if (!ack.sacked.empty()) take_sacks(now, ack, progress);
  return progress;
}

void Sender::State::take_sacks(Instant now, const Ack& ack, Progress& progress) {
  for (const Range& block : ack.sacked) {
    std::size_t i = ledger.find(std::max(block.begin, una));
    for (; i < ledger.size() && ledger[i].range.begin < block.end; ++i) {
      if (ledger[i].sacked) continue;
      if (ledger[i].range.begin < block.begin) {
        ledger.split(i, block.begin);
        continue;
      }
      if (ledger[i].range.end > block.end) ledger.split(i, block.end);
      Transmission& entry = ledger[i];
      deliver(now, ack, entry, progress);
      entry.sacked = true;
      sacked += entry.range.size();
    }
  }
}

// The acknowledgment of a retransmission speaks of what was sent before it: nothing was lost
// (RFC 3522, 4015).
void Sender::State::undo_if_spurious(const Ack& ack, const Progress& progress) {
  if (!before || phase == Phase::open || !progress.repeated_acknowledged || !ack.echoed_at ||
      repeated_at == kNever || *ack.echoed_at + kClockSlack >= repeated_at)
    return;
  ++counters.spurious;
  congestion = *before;
  before.reset();
  phase = Phase::open;
  for (std::size_t i = 0; i < ledger.size(); ++i) {
    Transmission& entry = ledger[i];
    if (!entry.lost) continue;
    entry.lost = false;
    lost -= entry.range.size();
    flight += entry.range.size();
  }
  forced = false;
}

void Sender::State::end_phase_if_done(const Ack& ack, const Progress&) {
  if (phase == Phase::open || ack.position < recover) return;
  if (phase == Phase::recovery) congestion.set_window(congestion.threshold());
  phase = Phase::open;
  before.reset();
  repeated_at = kNever;
  if (reordering_persist > 0 && --reordering_persist == 0) reordering_factor = 1;
}

void Sender::State::mark_lost(Transmission& entry) {
  entry.lost = true;
  flight -= entry.range.size();
  lost += entry.range.size();
}

void Sender::State::learn_reordering(const Ack& ack) {
  if (!ack.duplicate || una < reordering_round) return;
  reordering_round = max;  // once a round trip (RFC 8985, 6.2, step 4)
  reordering_factor = std::min(reordering_factor + 1, 64u);
  reordering_persist = 16;
  reordering_seen = true;
}

Duration Sender::State::reordering_window() const {
  if (!reordering_seen && (phase != Phase::open || sacked >= kDuplicatesMax * std::uint64_t{mss}))
    return Duration{};
  const Duration window = reordering_factor * (round_trip.min() / 4);
  return std::min(window, round_trip.srtt().value_or(Duration{}));
}

void Sender::State::detect(Instant now, const Ack& ack, const Progress& progress) {
  if (!sack)
    detect_by_duplicates(ack, progress);
  else if (sacked > 0 || phase != Phase::open)
    config.rack_tlp ? detect_by_time(now) : detect_by_order();
  if (lost == 0 || phase != Phase::open) return;
  enter_recovery(now);
}

// Without SACK: three duplicates, and in recovery each partial acknowledgment (RFC 6582, 3.2).
void Sender::State::detect_by_duplicates(const Ack&, const Progress& progress) {
  if (ledger.empty()) return;
  const bool third = phase == Phase::open && duplicates >= kDuplicatesMax && una > recover;
  const bool partial = phase == Phase::recovery && progress.advanced;
  Transmission& first = ledger.front();
  if ((third || partial) && !first.lost && (third || !first.repeated)) {
    mark_lost(first);
    forced = true;
  }
}

// RFC 6675, 4: lost is what has three segments' bytes SACKed above it.
void Sender::State::detect_by_order() {
  std::uint64_t above = sacked;
  for (std::size_t i = 0; i < ledger.size(); ++i) {
    Transmission& entry = ledger[i];
    if (entry.sacked)
      above -= entry.range.size();
    else if (!entry.lost && !entry.repeated && above > (kDuplicatesMax - 1) * std::uint64_t{mss})
      mark_lost(entry);
  }
}

// RACK (RFC 8985, 6.2, step 5): lost is what was sent long enough before something that arrived.
void Sender::State::detect_by_time(Instant now) {
  const Duration wait = rack_rtt + reordering_window();
  reorder_at = kNever;
  for (std::size_t i = 0; i < ledger.size(); ++i) {
    Transmission& entry = ledger[i];
    const bool earlier = entry.sent_at < rack_sent_at ||
                         (entry.sent_at == rack_sent_at && entry.range.end < rack_end);
    if (entry.sacked || entry.lost || !earlier) continue;
    if (entry.sent_at + wait <= now)
      mark_lost(entry);
    else
      reorder_at = std::min(reorder_at, entry.sent_at + wait);
  }
}

void Sender::State::enter_recovery(Instant) {
  before = congestion;
  repeated_at = kNever;
  recovery_flight = flight + lost + sacked;
  congestion.on_congestion(recovery_flight);
  phase = Phase::recovery;
  recover = max;
  prr_delivered = prr_out = 0;
  forced = true;
  ++counters.recoveries;
}

// Proportional rate reduction (RFC 9937, 6.2): what leaves follows what arrived.
void Sender::State::steer(const Progress& progress) {
  std::uint64_t delivered = progress.delivered;
  if (!sack) {
    // A duplicate says that a segment has arrived; a partial acknowledgment says it again.
    if (!progress.advanced) delivered = mss;
    if (!config.prr) {
      congestion.set_window(progress.advanced ? congestion.threshold() : congestion.window() + mss);
      return;
    }
  }
  if (!config.prr) {
    congestion.set_window(congestion.threshold());
    return;
  }
  prr_delivered += delivered;
  const std::uint64_t threshold = congestion.threshold();
  std::uint64_t may = 0;
  if (flight > threshold) {
    const std::uint64_t share = (prr_delivered * threshold + recovery_flight - 1) /
                                std::max<std::uint64_t>(recovery_flight, 1);
    may = share > prr_out ? share - prr_out : 0;
  } else {
    std::uint64_t limit =
        std::max(prr_delivered > prr_out ? prr_delivered - prr_out : 0, delivered);
    if (progress.advanced && lost <= progress.lost_before) limit += mss;
    may = std::min(threshold - flight, limit);
  }
  congestion.set_window(flight + may);
}

// RFC 8985, 7.4: a probe that repaired a loss is a sign of congestion; one that arrived twice is
// none.
void Sender::State::on_probe_answered(const Ack& ack) {
  if (ack.position < probe_end) return;
  const bool twice = ack.duplicate && ack.duplicate->end == probe_end;
  if (probe_repeats && !twice && ack.position > probe_end && phase == Phase::open)
    congestion.on_congestion(flight);
  probe_end = 0;
}

}  // namespace poise::tcp
