// What a connection says to its standby, what the standby makes of it, and how it takes over.
#include <algorithm>
#include <cstdlib>

#include "model/tcp/connection/connection.h"

namespace poise::tcp {

namespace {

constexpr std::int64_t kSrttMax = 60'000'000;  // microseconds that are told

template <class T>
void note(std::optional<T>& field, T& logged, T value) {
  if (logged != value) field = logged = value;
}

// What a state was before the peer's FIN came.
State before_fin(State state) {
  switch (state) {
    case State::close_wait:
      return State::established;
    case State::closing:
    case State::last_ack:
      return State::fin_wait_1;
    case State::time_wait:
      return State::fin_wait_2;
    case State::closed:
    case State::syn_sent:
    case State::syn_received:
    case State::established:
    case State::fin_wait_1:
    case State::fin_wait_2:
      return state;
  }
  return state;
}

}  // namespace

std::optional<Record> Connection::log(Slot slot, Mark& mark) {
  dirty_ = false;
  mark = std::exchange(next_mark_, Mark{});
  mark.received = received_, mark.queued = queued_, mark.edge = edge_;
  mark.fin_received = fin_received_, mark.closed = closed_;
  mark.gone = state_ == State::closed;

  const bool handshaking = state_ == State::syn_sent || state_ == State::syn_received;
  if (handshaking || (mark.gone && !logged_.opened)) return std::nullopt;
  Record record;
  record.slot = slot;
  if (mark.gone) {
    record.gone = true;
    return record;
  }
  const bool afresh = !std::exchange(logged_.opened, true);
  if (afresh) record.opened = agreement();
  note(record.acknowledged, logged_.acknowledged, out_.begin());
  say_at_ = kNever;
  // A record has one piece of a chunk. Of what is longer, the pieces go ahead: what the application
  // did stands in the record with the last of them, whole (rule R5).
  const std::uint64_t from = std::max(logged_.staged, out_.begin());
  const std::uint64_t size = std::min<std::uint64_t>(queued_ - from, ChunkPool::kChunkSize);
  const auto bytes = out_.view(from, static_cast<std::size_t>(size));
  if (!bytes.empty()) record.sent = Extent{from, bytes};
  logged_.staged = from + bytes.size();
  if (logged_.staged < queued_) {
    next_mark_ = std::exchange(mark, Mark{});
    dirty_ = true;
    return record;
  }
  if (queued_ != logged_.queued || afresh) record.written = logged_.queued = queued_;
  if (mark.closed) note(record.closed, logged_.closed, closed_);
  log_arrivals(record, mark);
  const bool lacks_fin = fin_received_ && !logged_.fin_received && !mark.fin_received;
  note(record.state, logged_.state, lacks_fin ? before_fin(state_) : state_);
  note(record.consumed, logged_.consumed, in_.begin());
  note(record.edge, logged_.edge, edge_);
  if (mark.fin_received && !logged_.fin_received) {
    logged_.fin_received = true;
    record.fin_at = received_;
  }
  note(record.timestamp_recent, logged_.timestamp_recent, timestamp_recent_);
  if (afresh || record.acknowledged) {  // what the other way is like: hints
    record.peer_window = peer_window_;
    log_round_trip(record);
  }
  if (!std::exchange(logged_.blob, true)) record.blob = blob();
  return record;
}

// When it is another than was said, by more than a quarter: it need not be exact.
void Connection::log_round_trip(Record& record) {
  const std::optional<Duration> srtt = sender_.srtt();
  if (!srtt) return;
  const std::int64_t now = std::clamp<std::int64_t>(
      std::chrono::duration_cast<std::chrono::microseconds>(*srtt).count(), 1, kSrttMax);
  const std::int64_t said = logged_.srtt_us;
  if (said != 0 && std::abs(now - said) <= said / 4) return;
  record.srtt_us = logged_.srtt_us = static_cast<std::uint32_t>(now);
}

// In-order bytes that the application has not consumed, then what came ahead.
void Connection::log_arrivals(Record& record, Mark& mark) {
  const auto push = [&](std::uint64_t from, std::uint64_t to) {
    while (from < to && record.arrived_count < Record::kExtentsMax) {
      const auto bytes = in_.view(from, static_cast<std::size_t>(to - from));
      record.arrived[record.arrived_count++] = Extent{from, bytes};
      from += bytes.size();
    }
    return from;
  };
  if (received_ != logged_.received) {
    const std::uint64_t from = std::max(logged_.received, in_.begin());
    const std::uint64_t to = push(from, received_);
    if (to < received_) {
      mark.fin_received = false;
      mark.received = to;
      dirty_ = true;
    }
    record.received = logged_.received = mark.received;
  }
  while (!unlogged_.empty() && record.arrived_count < Record::kExtentsMax) {
    const Range range = unlogged_.ranges().front();
    const auto to = static_cast<std::uint64_t>(range.end - 1);
    const Position end =
        static_cast<Position>(push(static_cast<std::uint64_t>(range.begin - 1), to)) + 1;
    mark.arrived[mark.arrived_count++] = {range.begin, end};
    unlogged_.remove_before(end);
  }
  if (!unlogged_.empty()) dirty_ = true;
}

void Connection::tell(Instant now, const Mark& mark) noexcept {
  told_.queued = std::max(told_.queued, mark.queued);
  told_.closed |= mark.closed;
  told_.gone |= mark.gone;
  told_.edge = std::max(told_.edge, mark.edge);
  duplicates_ = static_cast<std::uint8_t>(std::min(64, duplicates_ + mark.duplicates));
  const Position before = tellable_ack();
  told_.received = std::max(told_.received, mark.received);
  told_.fin_received |= mark.fin_received;
  for (std::size_t i = 0; i < mark.arrived_count; ++i) (void)sackable_.add(mark.arrived[i]);
  if (!sackable_.empty()) sackable_.remove_before(tellable_ack());

  if (tellable_ack() > before) {
    const auto unsaid = static_cast<std::uint64_t>(tellable_ack() - last_ack_);
    if (mark.ack_now || unsaid >= 2 * std::uint64_t{mss_})
      ack_now_ = true;
    else if (delayed_ack_at_ == kNever)
      delayed_ack_at_ = now + config_.delayed_ack;
  }
  const std::uint64_t growth = told_.edge - std::min(told_.edge, last_edge_ + edge_margin());
  const std::uint64_t left = last_edge_ - std::min(last_edge_, told_.received);
  if (growth >= config_.receive_buffer / 2 || (growth >= mss_ && left < mss_)) ack_now_ = true;
}

void Connection::tell_all(Instant now) noexcept {
  dirty_ = false;
  Mark mark = std::exchange(next_mark_, Mark{});
  mark.received = received_, mark.queued = queued_, mark.edge = edge_;
  mark.fin_received = fin_received_, mark.closed = closed_;
  mark.gone = state_ == State::closed;
  unlogged_.clear();
  sackable_ = ahead_;
  tell(now, mark);
}

bool Connection::apply(const Record& record) noexcept {
  if (record.opened) {
    handshake_ = record.opened->handshake;
    timestamp_offset_ = record.opened->timestamp_offset;
    learn_scales();
    mss_ = effective_mss();
    out_.reset(record.acknowledged.value_or(0));
    in_.reset(record.consumed.value_or(0));
    received_ = in_.begin();
    queued_ = written_ = out_.begin();
  }
  if (record.state) state_ = *record.state;
  // First what makes room: a record may hold more than the window that was.
  if (record.acknowledged) {
    queued_ = std::max(queued_, *record.acknowledged);
    written_ = std::max(written_, queued_);
    out_.drop_before(*record.acknowledged);
  }
  if (record.consumed) {
    received_ = std::max(received_, *record.consumed);
    in_.drop_before(*record.consumed);
  }
  if (record.sent) {
    if (record.sent->offset > written_) return false;
    if (out_.store(record.sent->offset, record.sent->bytes, Use::copy) != record.sent->bytes.size())
      return false;
    written_ = std::max(written_, record.sent->offset + record.sent->bytes.size());
  }
  if (record.written) queued_ = std::max(queued_, *record.written);
  if (queued_ > written_) return false;
  if (record.closed) closed_ = *record.closed;
  if (!apply_arrivals(record)) return false;
  if (record.edge) edge_ = std::max(edge_, *record.edge);
  if (record.fin_at) {
    if (*record.fin_at != received_) return false;
    fin_at_ = *record.fin_at, fin_received_ = true;
  }
  if (record.timestamp_recent) timestamp_recent_ = *record.timestamp_recent;
  if (record.peer_window) peer_window_ = peer_window_max_ = *record.peer_window;
  if (record.srtt_us)
    srtt_hint_ = std::chrono::microseconds{std::clamp<std::int64_t>(*record.srtt_us, 1, kSrttMax)};
  if (record.blob) {
    if (record.blob->size() > kBlobMax) return false;
    std::copy(record.blob->begin(), record.blob->end(), blob_.begin());
    blob_size_ = record.blob->size();
  }
  return true;
}

// First what comes in order, which makes room among what is ahead. Of that, what finds no room is
// as if it had not come: in order it is said again.
bool Connection::apply_arrivals(const Record& record) noexcept {
  const auto arrived = std::span(record.arrived).first(record.arrived_count);
  for (const Extent& extent : arrived)
    if (in_.store(extent.offset, extent.bytes, Use::copy) != extent.bytes.size()) return false;
  if (record.received) {
    if (*record.received > held_up_to(record)) return false;
    received_ = std::max(received_, *record.received);
    if (!ahead_.empty()) ahead_.remove_before(static_cast<Position>(received_) + 1);
  }
  for (const Extent& extent : arrived)
    if (extent.offset > received_)
      (void)ahead_.add({static_cast<Position>(extent.offset) + 1,
                        static_cast<Position>(extent.offset + extent.bytes.size()) + 1});
  return true;
}

// How far the bytes that this standby has reach without a hole.
std::uint64_t Connection::held_up_to(const Record& record) const noexcept {
  std::uint64_t end = received_, before = end;
  do {
    before = end;
    for (const Extent& extent : std::span(record.arrived).first(record.arrived_count))
      if (extent.offset <= end) end = std::max(end, extent.offset + extent.bytes.size());
    end = static_cast<std::uint64_t>(ahead_.end_of(static_cast<Position>(end) + 1) - 1);
  } while (end != before);
  return end;
}

void Connection::take_over(Instant now) noexcept {
  written_ = queued_;  // pieces of a record that never came
  const auto una = static_cast<Position>(out_.begin()) + 1;
  const auto end = static_cast<Position>(queued_) + 1 + (closed_ ? 1 : 0);
  sender_.start(now, una, end, mss_, handshake_.sack_permitted, srtt_hint_);
  window_sequence_ = receive_next();
  window_acknowledgment_ = una;
  peer_window_ = peer_window_max_ = std::max<std::uint64_t>(peer_window_, mss_);
  timestamp_recent_at_ = progress_at_ = now;
  if (state_ == State::fin_wait_2) linger(now + config_.fin_wait_2);
  if (state_ == State::time_wait) linger(now + config_.time_wait);
  if (config_.keepalive_idle > Duration{} && state_ != State::time_wait)
    keepalive_at_ = now + config_.keepalive_idle;
  logged_ = Logged{};
  last_edge_ = edge_;  // that much may have been told
  follow_rounding();
  tell_all(now);
  dirty_ = true;
  last_ack_ = receive_next();
  ack_now_ = true;
  ready_ = true;
}

}  // namespace poise::tcp
