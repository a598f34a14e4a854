// What is lost, how it is repaired, and what to take back when it was not lost.
#include <algorithm>

#include "model/tcp/sender/state.h"

namespace poise::tcp {

namespace {

constexpr std::uint32_t kDuplicatesMax = 3;               // RFC 5681, 3.2
constexpr Duration kTick = std::chrono::milliseconds{1};  // of the timestamps' clock

}  // namespace

void Sender::State::detect(Instant now, const News& news) {
  const std::uint64_t lost_before = board.lost(), again_before = board.lost_again();
  if (!sack || !config.rack_tlp) detect_by_duplicates(news);
  if (sack) config.rack_tlp ? detect_by_time(now) : detect_by_order();
  if (board.lost() <= lost_before) return;
  // A lost retransmission is congestion of its own (RFC 5681, 4.3).
  if (phase == Phase::open || (phase == Phase::loss && board.lost_again() > again_before))
    enter_recovery(news);
}

// Three duplicates; without SACK, in a recovery, each partial acknowledgment (RFC 6582, 3.2).
void Sender::State::detect_by_duplicates(const News& news) {
  if (board.size() == 0 || !board[board.first()].on_its_way()) return;
  const bool third = phase == Phase::open && duplicates >= kDuplicatesMax && una > recover;
  const bool partial = !sack && phase == Phase::recovery && news.advanced;
  if (third || partial) board.lose(board.first());
  forced |= partial;
}

// Lost is what has more than two segments' bytes SACKed above it, or three separate pieces
// (RFC 6675, 4); of what was sent again nothing can be said.
void Sender::State::detect_by_order() {
  if (board.sack_top() == Scoreboard::kNone) return;
  std::uint64_t above = 0;
  std::uint32_t pieces = 0;
  bool inside = false;
  std::size_t i = board.sack_top() + 1;
  while (i > board.first() && above <= (kDuplicatesMax - 1) * std::uint64_t{mss} &&
         (pieces < kDuplicatesMax || inside)) {
    const Transmission& entry = board[--i];
    if (entry.sacked) {
      above += entry.size;
      if (!inside) ++pieces;
    }
    inside = entry.sacked;
  }
  const bool enough = above > (kDuplicatesMax - 1) * std::uint64_t{mss} || pieces >= kDuplicatesMax;
  for (; enough && i-- > board.first();)
    if (board[i].on_its_way() && !board[i].repeated) board.lose(i);
}

void Sender::State::detect_by_time(Instant now) {
  reorder_at = rack.detect(now, reordering_window(), board);
}

Duration Sender::State::reordering_window() const {
  const bool impatient =
      phase != Phase::open || board.sacked() > (kDuplicatesMax - 1) * std::uint64_t{mss};
  return rack.reordering_window(
      {round_trip.min(), round_trip.srtt().value_or(Duration{}), impatient});
}

void Sender::State::enter_recovery(const News& news) {
  before = congestion;
  repeated_at = kNever;
  repeats = 0;
  const std::uint64_t under_way = outstanding() + news.delivered - board.sacked() - arrived;
  // After a timeout much of that is not sent again yet.
  prr.start(phase == Phase::open ? under_way : std::min(under_way, congestion.window()));
  congestion.on_congestion(std::max(news.outstanding, outstanding()));
  phase = Phase::recovery;
  recover = max;
  forced = true;
  probe_at = kNever;
  probe_due = false;
  ++counters.recoveries;
}

void Sender::State::enter_loss() {
  phase = Phase::loss;
  recover = max;
  forced = true;
  duplicates = 0;
  arrived = 0;
  probe_at = reorder_at = kNever;
  probe_due = false;
  probe_end = 0;
}

void Sender::State::leave_phase() {
  if (phase == Phase::recovery) {
    congestion.set_window(congestion.threshold());
    rack.on_recovery_done();
  }
  phase = Phase::open;
  arrived = 0;
  forced = false;
  repeated_at = kNever;
}

// RFC 6298, 5.4 to 5.7; RFC 5681, 3.1.
void Sender::State::on_timeout(Instant now) {
  rto_at = kNever;
  if (una == max) return;
  const bool first = timeouts == 0 && phase != Phase::loss;
  ++timeouts;
  ++counters.timeouts;
  if (phase == Phase::open) before = congestion;
  if (first) {
    repeated_at = kNever;
    repeats = 0;
  }
  congestion.on_timeout(outstanding(), timeouts == 1);
  if (sack && config.rack_tlp && timeouts == 1 && !reneged) {
    rack.detect_on_timeout(now, reordering_window(), board);
    if (board.size() > 0 && board[board.first()].on_its_way()) board.lose(board.first());
  } else {
    board.lose_all(reneged || timeouts > 1);
  }
  reneged = false;
  enter_loss();
  round_trip.back_off();
  rto_at = now + round_trip.rto();
}

// The phase of repair was needless (RFC 4015).
void Sender::State::undo_if_spurious(const Ack& ack, const News& news) {
  if (!before || !is_spurious(ack, news)) return;
  ++counters.spurious;
  board.forgive();
  congestion.undo(*before, flight());
  before.reset();
  repeated_at = kNever;
  forced = false;
  arrived = 0;
  phase = Phase::open;
}

bool Sender::State::is_spurious(const Ack& ack, const News& news) {
  // All that was sent again has arrived twice (RFC 3708).
  if (ack.duplicate && repeats > 0 && ack.duplicate->begin < recover && --repeats == 0) return true;
  if (phase == Phase::open || !news.advanced || repeated_at == kNever) return false;
  // The acknowledgment of the first retransmission was caused by what was sent before it
  // (RFC 3522). It decides, one way or the other.
  if (ack.echoed_at) {
    if (ack.position <= repeated_begin) return false;
    const bool earlier = *ack.echoed_at + kTick <= repeated_at;
    repeated_at = kNever;
    return earlier;
  }
  // Without timestamps: after a timeout, what was not sent again arrives (RFC 5682, 3).
  return sack && phase == Phase::loss && news.late && una < recover;
}

}  // namespace poise::tcp
