// Sending, losing and forgiving; the list in order of sending.
#include "model/tcp/sender/scoreboard.h"

#include <algorithm>

#include "model/check.h"

namespace poise::tcp {

void Scoreboard::start(Position una, Position max) {
  head_ = tail_ = 0;
  oldest_ = newest_ = first_lost_ = sack_top_ = kNone;
  lost_count_ = 0;
  flight_ = sacked_ = 0;
  backlog_ = {una, max};
  lost_ = backlog_.size();
}

std::optional<Range> Scoreboard::first_lost(std::uint32_t mss) const {
  if (lost_count_ > 0) return (*this)[first_lost_].range();
  if (backlog_.empty()) return std::nullopt;
  return Range{backlog_.begin, std::min(backlog_.end, backlog_.begin + mss)};
}

void Scoreboard::send(Instant now, Range range) {
  POISE_CHECK(backlog_.empty());
  push({.begin = range.begin, .sent_at = now, .size = static_cast<std::uint32_t>(range.size())});
  backlog_ = {range.end, range.end};
  flight_ += range.size();
  link(tail_ - 1);
}

bool Scoreboard::send_again(Instant now, Range range) {
  bool any = false;
  for (std::size_t i = find(range.begin); i != tail_ && at(i).begin < range.end; ++i) {
    Transmission& entry = at(i);
    if (entry.sacked) continue;
    if (entry.lost) {
      take_from_lost(i);
      flight_ += entry.size;
    } else {
      unlink(i);
    }
    entry.repeated = true;
    entry.sent_at = now;
    link(i);
    any = true;
  }
  if (backlog_.empty() || backlog_.begin >= range.end) return any;
  const Range rest{backlog_.begin, range.end};
  push({.begin = rest.begin,
        .sent_at = now,
        .size = static_cast<std::uint32_t>(rest.size()),
        .repeated = true});
  lost_ -= rest.size();
  backlog_.begin = rest.end;
  flight_ += rest.size();
  link(tail_ - 1);
  return true;
}

bool Scoreboard::is_lost(Position position) const {
  if (backlog_.begin <= position && position < backlog_.end) return true;
  const std::size_t index = find(position);
  return index != tail_ && (*this)[index].lost;
}

void Scoreboard::lose(std::size_t index) {
  Transmission& entry = at(index);
  unlink(index);
  if (entry.repeated) ++lost_again_;
  entry.lost = true;
  flight_ -= entry.size;
  lost_ += entry.size;
  ++lost_count_;
  first_lost_ = std::min(first_lost_, index);
}

void Scoreboard::lose_all(bool with_sacked) {
  for (std::size_t i = head_; i != tail_; ++i) {
    Transmission& entry = at(i);
    if (entry.sacked && with_sacked) {
      entry.sacked = false;
      sacked_ -= entry.size;
      flight_ += entry.size;
      link(i);
    }
    if (entry.on_its_way()) lose(i);
  }
  if (with_sacked) sack_top_ = kNone;
}

void Scoreboard::lose_larger_than(std::uint32_t mss) {
  std::vector<Transmission> before;
  before.reserve(size());
  for (std::size_t i = head_; i != tail_; ++i) {
    if (at(i).on_its_way() && at(i).size > mss) lose(i);
    before.push_back(at(i));
  }
  head_ = tail_ = 0;
  first_lost_ = sack_top_ = kNone;
  lost_count_ = 0;
  for (Transmission entry : before) {
    const Position end = entry.end();
    if (entry.sacked) sack_top_ = tail_;
    do {
      if (entry.lost) {
        entry.size = static_cast<std::uint32_t>(std::min<Position>(end - entry.begin, mss));
        ++lost_count_;
        first_lost_ = std::min(first_lost_, tail_);
      }
      const std::uint64_t serial = entry.serial;
      push(entry);
      at(tail_ - 1).serial = serial;
      entry.begin = entry.end();
    } while (entry.begin < end);
  }
  relink_all();
}

void Scoreboard::forgive() {
  for (std::size_t i = head_; lost_count_ > 0 && i != tail_; ++i) {
    if (!at(i).lost) continue;
    take_from_lost(i);
    flight_ += at(i).size;
  }
  relink_all();
}

std::size_t Scoreboard::find(Position position) const {
  std::size_t low = head_, high = tail_;
  while (low < high) {
    const std::size_t middle = low + (high - low) / 2;
    if ((*this)[middle].end() <= position)
      low = middle + 1;
    else
      high = middle;
  }
  return low;
}

void Scoreboard::push(Transmission transmission) {
  if (size() == ring_.size()) make_room();
  at(tail_++) = transmission;
}

void Scoreboard::make_room() {
  constexpr std::size_t kSizeMin = 16;
  std::vector<Transmission> larger(std::max(kSizeMin, 2 * ring_.size()));
  for (std::size_t i = head_; i != tail_; ++i) larger[i & (larger.size() - 1)] = at(i);
  ring_.swap(larger);
}

// Appends to the list: it was sent last.
void Scoreboard::link(std::size_t index) {
  Transmission& entry = at(index);
  entry.serial = ++serial_;
  entry.earlier = newest_;
  entry.later = kNone;
  (newest_ == kNone ? oldest_ : at(newest_).later) = index;
  newest_ = index;
}

void Scoreboard::unlink(std::size_t index) {
  const Transmission& entry = at(index);
  (entry.earlier == kNone ? oldest_ : at(entry.earlier).later) = entry.later;
  (entry.later == kNone ? newest_ : at(entry.later).earlier) = entry.earlier;
}

void Scoreboard::relink_all() {
  std::vector<std::size_t> order;
  order.reserve(size());
  for (std::size_t i = head_; i != tail_; ++i)
    if (at(i).on_its_way()) order.push_back(i);
  std::sort(order.begin(), order.end(),
            [&](std::size_t a, std::size_t b) { return at(a).serial < at(b).serial; });
  oldest_ = newest_ = kNone;
  for (const std::size_t i : order) {
    at(i).earlier = newest_;
    at(i).later = kNone;
    (newest_ == kNone ? oldest_ : at(newest_).later) = i;
    newest_ = i;
  }
}

void Scoreboard::take_from_lost(std::size_t index) {
  Transmission& entry = at(index);
  entry.lost = false;
  lost_ -= entry.size;
  --lost_count_;
  if (lost_count_ == 0) {
    first_lost_ = kNone;
  } else if (first_lost_ == index) {
    while (!at(first_lost_).lost) ++first_lost_;
  }
}

void Scoreboard::account_arrival(std::size_t index) {
  if (at(index).lost) return take_from_lost(index);
  flight_ -= at(index).size;
  unlink(index);
}

// The peer speaks of the backlog: up to there it becomes entries.
void Scoreboard::cut_backlog(Position until, std::uint32_t mss) {
  until = std::min(until, backlog_.end);
  while (backlog_.begin < until && !full()) {
    const Position end = std::min(until, backlog_.begin + mss);
    push({.begin = backlog_.begin,
          .size = static_cast<std::uint32_t>(end - backlog_.begin),
          .lost = true,
          .repeated = true});
    ++lost_count_;
    first_lost_ = std::min(first_lost_, tail_ - 1);
    backlog_.begin = end;
  }
}

void Scoreboard::add_to(Digest& digest) const {
  digest.add(backlog_.begin).add(backlog_.end).add(flight_).add(sacked_).add(lost_).add(serial_);
  for (std::size_t i = head_; i != tail_; ++i) {
    const Transmission& entry = (*this)[i];
    digest.add(entry.begin).add(entry.size).add(to_ns(entry.sent_at)).add(entry.serial);
    digest.add(entry.sacked).add(entry.lost).add(entry.repeated);
  }
}

}  // namespace poise::tcp
