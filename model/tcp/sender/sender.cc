// What may leave, what left, and when something is to be done if nothing comes back.
#include "model/tcp/sender/sender.h"

#include <algorithm>

#include "model/tcp/sender/state.h"

namespace poise::tcp {

Sender::Sender(const SenderConfig& config) : state_(std::make_unique<State>(config)) {}
Sender::~Sender() = default;
Sender::Sender(Sender&&) noexcept = default;
Sender& Sender::operator=(Sender&&) noexcept = default;

void Sender::start(Instant now, Position una, Position max, std::uint32_t mss, bool sack,
                   std::optional<Duration> rtt) {
  State& s = *state_;
  const SenderConfig config = s.config;
  s = State(config);
  s.mss = mss;
  s.sack = sack;
  s.una = una;
  s.max = max;
  s.started_at = now;
  s.congestion = Congestion(config.congestion, mss, config.initial_window_segments);
  s.board.start(una, max);
  if (rtt) s.round_trip.sample(*rtt);
  if (max != una) s.enter_loss();  // without blame: nothing is known of the way
}

void Sender::set_mss(std::uint32_t mss) {
  State& s = *state_;
  s.mss = mss;
  s.congestion.set_mss(mss);
  s.board.lose_larger_than(mss);
  if (s.board.lost() == 0) return;
  s.before.reset();
  if (s.phase == State::Phase::open) s.enter_loss();
  s.forced = true;
}

void Sender::on_window_opened() {
  State& s = *state_;
  s.board.lose_all(s.reneged || s.timeouts > 1);
  s.enter_loss();
}

std::optional<Sender::Piece> Sender::next(Instant, Position end, bool fin, Position edge) const {
  const State& s = *state_;
  if (const auto lost = s.board.first_lost(s.mss)) {
    Range range = *lost;
    const Position whole = s.board.full() ? s.board.backlog().begin : s.max;  // as entries go
    const bool has_room = range.end <= whole;
    // And a lost FIN rides on the last of it.
    if (fin && range.end == end && s.max == end + 1 && end < whole && s.board.is_lost(end))
      ++range.end;
    if (has_room && (s.forced || s.fits(range.size()))) return Piece{range, true, false};
  } else if (!s.board.full()) {
    Position last = std::min({end, edge, s.max + static_cast<Position>(s.mss)});
    if (fin && last >= end && edge > end && s.max <= end) last = end + 1;
    if (last > s.max && (s.probe_due || s.fits(static_cast<std::uint64_t>(last - s.max))))
      return Piece{{s.max, last}, false, s.probe_due};
  }
  if (!s.probe_due || s.board.size() == 0) return std::nullopt;
  return Piece{s.board[s.board.last() - 1].range(), true, true};
}

void Sender::on_sent(Instant now, const Piece& piece) {
  State& s = *state_;
  if (s.outstanding() == 0 && s.sent_at != kNever && now - s.sent_at > s.round_trip.rto())
    s.congestion.on_idle();
  s.sent_at = now;
  bool first = s.outstanding() == 0;
  if (!piece.retransmission) {
    s.board.send(now, piece.range);
    s.max = piece.range.end;
  } else {
    first |= piece.range.begin == s.una;
    if (!s.board.send_again(now, piece.range)) return;
    s.forced = false;
    ++s.repeats;
    ++s.counters.retransmitted;
    if (s.repeated_at == kNever && !piece.probe) {
      s.repeated_at = now;
      s.repeated_begin = piece.range.begin;
    }
  }
  s.prr.on_sent(piece.range.size());
  if (s.una >= s.used_until || s.flight() > s.used) {
    s.used = s.flight();
    s.used_until = s.max;
  }
  if (piece.probe) {
    ++s.counters.tail_probes;
    s.probe_due = false;
    s.probe_end = s.max;
    s.probe_repeats = piece.retransmission;
  }
  s.arm(now, first || piece.probe);
}

// The retransmission timer runs while anything is outstanding (RFC 6298, 5.1 to 5.3), the probe's
// while nothing is amiss (RFC 8985, 7.2).
void Sender::State::arm(Instant now, bool anew) {
  if (una == max) {
    rto_at = probe_at = reorder_at = kNever;
    return;
  }
  if (rto_at == kNever || anew) rto_at = now + round_trip.rto();
  probe_at = kNever;
  if (!config.rack_tlp || !sack || phase != Phase::open || board.sacked() > 0 || probe_end != 0 ||
      probe_due)
    return;
  constexpr Duration kDelayedAck = std::chrono::milliseconds{200};
  constexpr Duration kUnknown = std::chrono::seconds{1};
  const auto srtt = round_trip.srtt();
  const Duration wait =
      srtt ? 2 * *srtt + (board.size() == 1 ? kDelayedAck : Duration{}) : kUnknown;
  probe_at = std::min(now + wait, rto_at);
}

Instant Sender::deadline() const {
  const State& s = *state_;
  return std::min({s.rto_at, s.probe_at, s.reorder_at});
}

void Sender::on_timer(Instant now) {
  State& s = *state_;
  if (s.reorder_at <= now) {
    s.reorder_at = kNever;
    s.detect(now, State::News{});
  }
  if (s.probe_at <= now) {  // in place of the timeout, when both are due
    s.probe_at = kNever;
    s.probe_due = true;
    s.rto_at = now + s.round_trip.rto();
  }
  if (s.rto_at <= now) s.on_timeout(now);
}

Position Sender::una() const {
  return state_->una;
}

Position Sender::max() const {
  return state_->max;
}

std::uint64_t Sender::in_flight() const {
  return state_->outstanding();
}

std::uint64_t Sender::pipe() const {
  return state_->flight();
}

std::uint64_t Sender::congestion_window() const {
  return state_->congestion.window();
}

std::uint64_t Sender::slow_start_threshold() const {
  return state_->congestion.threshold();
}

Duration Sender::rto() const {
  return state_->round_trip.rto();
}

std::optional<Duration> Sender::srtt() const {
  return state_->round_trip.srtt();
}

std::uint32_t Sender::timeouts() const {
  return state_->timeouts;
}

bool Sender::wants_cwr() const {
  return state_->cwr;
}

void Sender::cwr_sent() {
  state_->cwr = false;
}

const Sender::Counters& Sender::counters() const {
  return state_->counters;
}

void Sender::add_to(Digest& digest) const {
  const State& s = *state_;
  digest.add(s.una).add(s.max).add(s.mss).add(s.phase).add(s.recover).add(s.forced);
  digest.add(s.duplicates).add(s.arrived).add(s.used).add(s.used_until).add(to_ns(s.sent_at));
  digest.add(to_ns(s.rto_at)).add(to_ns(s.probe_at)).add(to_ns(s.reorder_at)).add(s.timeouts);
  digest.add(s.probe_due).add(s.probe_repeats).add(s.probe_end).add(to_ns(s.repeated_at));
  digest.add(s.repeated_begin).add(s.repeats).add(s.ecn_recover).add(s.cwr).add(s.reneged);
  if (s.before) s.before->add_to(digest);
  s.round_trip.add_to(digest);
  s.congestion.add_to(digest);
  s.board.add_to(digest);
  s.rack.add_to(digest);
  s.prr.add_to(digest);
}

}  // namespace poise::tcp
