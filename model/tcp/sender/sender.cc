// What may leave, what left, and what follows when nothing comes back.
#include "model/tcp/sender/sender.h"

#include <algorithm>
#include <utility>

#include "model/tcp/sender/state.h"

namespace poise::tcp {

Sender::Sender(const SenderConfig& config) : state_(std::make_unique<State>(config)) {}
Sender::~Sender() = default;
Sender::Sender(Sender&&) noexcept = default;
Sender& Sender::operator=(Sender&&) noexcept = default;

void Sender::start(Instant now, Position una, Position max, std::uint32_t mss, bool sack,
                   std::optional<Duration> rtt) {
  State& s = *state_;
  s.mss = mss;
  s.sack = sack;
  s.una = una;
  s.max = max;
  s.congestion = Congestion(s.config.congestion, mss, s.config.initial_window_segments);
  if (rtt) s.round_trip.sample(*rtt);
  s.ledger.clear();
  s.flight = s.sacked = s.lost = 0;
  s.delivered_max = una;
  s.phase = State::Phase::open;
  s.rto_at = s.probe_at = s.reorder_at = kNever;
  if (max == una) return;
  // What another server sent counts as lost, without blame: nothing is known of the way.
  s.ledger.push({{una, max}, now, false, false, true});
  s.flight = static_cast<std::uint64_t>(max - una);
  s.mark_lost(s.ledger.front());
  s.phase = State::Phase::loss;
  s.recover = max;
  s.forced = true;
}

void Sender::set_mss(std::uint32_t mss) {
  State& s = *state_;
  for (std::size_t i = 0; i < s.ledger.size(); ++i)
    if (s.ledger[i].range.size() > mss && !s.ledger[i].sacked && !s.ledger[i].lost)
      s.mark_lost(s.ledger[i]);
  s.mss = mss;
  s.congestion.set_mss(mss);
  s.forced = s.lost > 0;
}

std::optional<Sender::Piece> Sender::next(Instant, Position end, bool fin, Position edge) const {
  const State& s = *state_;
  const std::uint64_t window = s.congestion.window();
  for (std::size_t i = 0; s.lost > 0 && i < s.ledger.size(); ++i) {
    const Transmission& entry = s.ledger[i];
    if (!entry.lost) continue;
    // The FIN's position is one more than a segment's bytes may be.
    const Position most = entry.range.begin + s.mss;
    const Position last =
        entry.range.end <= most || entry.range.end > end + 1
            ? entry.range.end
            : (entry.range.end == most + 1 && fin && entry.range.end == end + 1 ? entry.range.end
                                                                                : most);
    const Range range{entry.range.begin, std::min(last, entry.range.end)};
    if (!s.forced && s.flight > 0 && s.flight + range.size() > window) break;
    return Piece{range, true, false};
  }
  // New data, and behind the last of it the FIN.
  Position last = std::min({end, edge, s.max + s.mss});
  if (fin && last >= end && edge > end && s.max <= end) last = end + 1;
  if (last > s.max) {
    // Limited transmit (RFC 3042): two duplicates let a segment each go.
    const std::uint64_t more =
        s.phase == State::Phase::open && !s.sack ? std::min(s.duplicates, 2u) * s.mss : 0;
    const auto size = static_cast<std::uint64_t>(last - s.max);
    if (s.flight + size <= window + more || s.flight == 0 || s.probe_due)
      return Piece{{s.max, last}, false, s.probe_due};
  }
  if (!s.probe_due || s.ledger.empty()) return std::nullopt;
  const Range& tail = s.ledger.back().range;
  return Piece{
      {std::max(tail.begin, tail.end - static_cast<Position>(s.mss)), tail.end}, true, true};
}

void Sender::on_sent(Instant now, const Piece& piece, bool) {
  State& s = *state_;
  const std::uint64_t size = piece.range.size();
  if (s.flight == 0 && s.lost == 0 && s.sent_at != Instant::min() &&
      now - s.sent_at > s.round_trip.rto())
    s.congestion.on_idle();
  s.sent_at = now;
  if (!piece.retransmission) {
    s.ledger.push({piece.range, now});
    s.max = piece.range.end;
    s.flight += size;
  } else {
    std::size_t i = s.ledger.find(piece.range.begin);
    if (i == s.ledger.size()) return;  // acknowledged meanwhile
    if (s.ledger[i].range.begin < piece.range.begin) s.ledger.split(i++, piece.range.begin);
    if (s.ledger[i].range.end > piece.range.end) s.ledger.split(i, piece.range.end);
    Transmission& entry = s.ledger[i];
    if (entry.lost) s.lost -= size, s.flight += size;
    entry.lost = false;
    entry.repeated = true;
    entry.sent_at = now;
    s.forced = false;
    s.repeated_at = std::min(s.repeated_at, now);
    ++s.counters.retransmitted;
  }
  s.prr_out += size;
  if (piece.probe) {
    ++s.counters.tail_probes;
    s.probe_due = false;
    s.probe_end = s.max;
    s.probe_repeats = piece.retransmission;
  }
  s.arm(now, piece.probe || piece.retransmission);
}

Instant Sender::deadline() const {
  const State& s = *state_;
  return std::min({s.rto_at, s.probe_at, s.reorder_at});
}

void Sender::on_timer(Instant now) {
  State& s = *state_;
  if (s.reorder_at <= now) {
    s.reorder_at = kNever;
    s.detect_by_time(now);
    if (s.lost > 0 && s.phase == State::Phase::open) s.enter_recovery(now);
    if (s.lost > 0) s.forced = true;
  }
  if (s.probe_at <= now) {
    s.probe_at = kNever;
    s.probe_due = true;
  }
  if (s.rto_at > now) return;
  if (s.ledger.empty()) {
    s.rto_at = kNever;
    return;
  }
  // Retransmission timeout (RFC 6298, 5; RFC 5681, 3.1): all is lost, and all is sent again.
  ++s.timeouts;
  ++s.counters.timeouts;
  if (s.phase == State::Phase::open) {
    s.before = s.congestion;
    s.repeated_at = kNever;
  }
  if (s.phase != State::Phase::loss || s.timeouts == 1)
    s.congestion.on_timeout(s.flight + s.lost);
  else
    s.congestion.set_window(s.mss);
  for (std::size_t i = 0; i < s.ledger.size(); ++i) {
    Transmission& entry = s.ledger[i];
    if (entry.lost) continue;
    // The receiver may have dropped what it had SACKed (RFC 2018, 8).
    if (std::exchange(entry.sacked, false))
      s.sacked -= entry.range.size(), s.flight += entry.range.size();
    s.mark_lost(entry);
  }
  s.phase = State::Phase::loss;
  s.recover = s.max;
  s.forced = true;
  s.duplicates = 0;
  s.probe_due = false;
  s.probe_end = 0;
  s.probe_at = s.reorder_at = kNever;
  s.round_trip.back_off();
  s.rto_at = now + s.round_trip.rto();
}

// RTO from the oldest, a probe from the newest (RFC 8985, 7.2). `progress`: the clock starts anew.
void Sender::State::arm(Instant now, bool progress) {
  if (una == max) {
    rto_at = probe_at = kNever;
    return;
  }
  if (rto_at == kNever || progress) rto_at = now + round_trip.rto();
  const auto srtt = round_trip.srtt();
  const bool probes = config.rack_tlp && sack && srtt && phase == Phase::open && sacked == 0 &&
                      probe_end == 0 && !probe_due && timeouts == 0;
  if (!probes) {
    probe_at = kNever;
    return;
  }
  constexpr auto kDelayedMax = std::chrono::milliseconds{200},
                 kLeast = std::chrono::milliseconds{2};
  const Duration wait = 2 * *srtt + (flight <= mss ? Duration(kDelayedMax) : Duration(kLeast));
  probe_at = std::min(now + wait, rto_at);
  if (probe_at == rto_at) probe_at = kNever;
}

Position Sender::una() const {
  return state_->una;
}

Position Sender::max() const {
  return state_->max;
}

std::uint64_t Sender::in_flight() const {
  return static_cast<std::uint64_t>(state_->max - state_->una);
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
  digest.add(s.una).add(s.max).add(s.flight).add(s.sacked).add(s.lost).add(s.phase);
  digest.add(to_ns(deadline())).add(s.timeouts).add(s.duplicates);
  s.round_trip.add_to(digest);
  s.congestion.add_to(digest);
  s.ledger.add_to(digest);
}

}  // namespace poise::tcp
