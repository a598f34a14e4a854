// What an acknowledgment tells: what arrived, how long it took, how much may follow.
#include <algorithm>

#include "model/tcp/sender/state.h"

namespace poise::tcp {

namespace {

constexpr Duration kTick = std::chrono::milliseconds{1};  // of the timestamps' clock

}  // namespace

void Sender::on_ack(Instant now, const Ack& ack) {
  State& s = *state_;
  const State::Phase phase = s.phase;
  const State::News news = s.take_in(now, ack);
  s.measure(now, ack, news);
  if (ack.ece) s.heed_mark(news);
  if (ack.duplicate) s.rack.on_duplicate(s.una, s.max);
  s.undo_if_spurious(ack, news);
  if (s.phase != State::Phase::open && s.una >= s.recover) s.leave_phase();
  if (s.probe_end != 0) s.on_probe_answered(ack, news);
  s.detect(now, news);
  if (!ack.ece || s.phase != State::Phase::open) s.move_window(now, news, phase);
  s.arm(now, news.advanced);
  if (s.reneged)
    s.rto_at = std::min(
        s.rto_at, now + std::max<Duration>(s.round_trip.srtt().value_or(kTick) / 2, 10 * kTick));
}

Sender::State::News Sender::State::take_in(Instant now, const Ack& ack) {
  News news;
  news.outstanding = outstanding();
  news.lost_before = board.lost();
  const auto arrives = [&](const Transmission& entry) { on_arrival(now, ack, entry, news); };
  const Position position = std::min(ack.position, max);
  if (position > una) {
    news.advanced = true;
    news.acknowledged = static_cast<std::uint64_t>(position - una);
    news.delivered = board.acknowledge(position, arrives);
    una = position;
    timeouts = 0;
    probe_due = false;
  }
  for (const Range& block : ack.sacked)
    news.delivered += board.sack({std::max(block.begin, una), block.end}, mss, arrives);
  if (board.sacked() > 0) probe_due = false;  // it tells what a probe would
  count_duplicate(ack, news);
  // A SACKed byte at the edge would have been acknowledged, had the peer not forgotten it.
  reneged = board.size() > 0 && board[board.first()].sacked;
  return news;
}

void Sender::State::on_arrival(Instant now, const Ack& ack, const Transmission& entry, News& news) {
  if (entry.lost && !entry.repeated) news.late = true;
  news.repeated |= entry.repeated;
  if (entry.lost && entry.repeated) return;  // which transmission it was, nobody knows
  // Of what came out of order the echo says nothing: it is of what came in order before it.
  const bool in_order = entry.end() <= ack.position;
  const bool ambiguous =
      entry.repeated && ((in_order && ack.echoed_at && *ack.echoed_at + kTick <= entry.sent_at) ||
                         now - entry.sent_at < round_trip.min());
  rack.on_arrival(now, entry, ambiguous);
  if (!entry.repeated) {
    const Duration took = now - entry.sent_at;
    news.rtt = std::min(news.rtt.value_or(took), took);
  }
}

// Duplicates (RFC 5681, 2; with SACK: RFC 6675, 2). Without SACK each tells of a segment that
// arrived, and an acknowledgment of what lies above tells it again.
void Sender::State::count_duplicate(const Ack& ack, News& news) {
  if (news.advanced) {
    duplicates = 0;
    if (sack) return;
    const std::uint64_t more = news.acknowledged > mss ? news.acknowledged - mss : 0;
    const std::uint64_t told = phase == Phase::recovery ? std::min(arrived, more) : arrived;
    arrived -= told;
    news.delivered -= std::min(news.delivered, told);
    return;
  }
  if (una == max || ack.position != una) return;
  if (sack) {
    if (news.delivered > 0) ++duplicates;
  } else if (!ack.has_data && !ack.window_changed) {
    ++duplicates;
    // Before a recovery two let new data leave, and no more (RFC 3042).
    const bool counts = phase == Phase::recovery || (phase == Phase::open && duplicates <= 3);
    if (!counts || arrived + mss >= board.flight()) return;
    arrived += mss;
    news.delivered += mss;
  }
}

// Of what was sent once, by our own clock. Where something sent again was acknowledged beside it,
// what was sent once may have waited for that (Karn): then by an echoed timestamp (RFC 7323, 4.1),
// if ours.
void Sender::State::measure(Instant now, const Ack& ack, const News& news) {
  std::optional<Duration> rtt = news.repeated ? std::nullopt : news.rtt;
  if (!rtt && news.advanced) {
    rtt = ack.rtt;
    if (!rtt && ack.echoed_at && *ack.echoed_at >= started_at + kTick)
      rtt = std::max(now - *ack.echoed_at, kTick);
  }
  if (rtt) round_trip.sample(*rtt);
}

// Once a window (RFC 3168, 6.1.2); a recovery has reduced it already. The window does not grow on
// such an acknowledgment.
void Sender::State::heed_mark(const News& news) {
  if (una <= ecn_recover) return;
  ecn_recover = max;
  cwr = true;
  before.reset();
  if (phase == Phase::open) congestion.on_congestion(news.outstanding);
}

// A probe that repaired a loss is a sign of congestion; one that arrived twice is none
// (RFC 8985, 7.4.2).
void Sender::State::on_probe_answered(const Ack& ack, const News& news) {
  if (una < probe_end) return;
  const bool twice = ack.duplicate && ack.duplicate->end == probe_end;
  const bool again = !news.advanced && ack.position == probe_end && !ack.has_data;
  if (!probe_repeats || twice || again) {
    probe_end = 0;
  } else if (una > probe_end) {
    probe_end = 0;
    before.reset();
    if (phase == Phase::open) congestion.on_congestion(news.outstanding);
  }
}

void Sender::State::move_window(Instant now, const News& news, Phase before_it) {
  if (phase == Phase::recovery) {
    if (!config.prr || news.delivered == 0) return;
    const bool safe = news.advanced && board.lost() <= news.lost_before;
    congestion.set_window(
        prr.window_after({news.delivered, flight(), congestion.threshold(), mss, safe}));
  } else if (news.advanced && before_it != Phase::recovery) {
    congestion.on_acknowledged(now, news.acknowledged, used,
                               round_trip.srtt().value_or(Duration{}));
  }
}

}  // namespace poise::tcp
