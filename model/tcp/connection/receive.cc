// What a connection does with a segment, step by step as in RFC 9293, 3.10.7.
#include <algorithm>

#include "model/tcp/connection/connection.h"

namespace poise::tcp {

namespace flag = wire::tcp_flag;

namespace {

constexpr auto kTimestampsOld = std::chrono::hours{24 * 24};  // RFC 7323, 5.5
constexpr int kChallengesPerSecond = 10;                      // RFC 5961, 7
// What the peer has acknowledged need not be told the standby at once: the next record says it, and
// most connections have one soon. But a standby keeps it until then, and idle ones are many.
constexpr auto kUnsaidMax = std::chrono::milliseconds{10};

bool before(std::uint32_t a, std::uint32_t b) {
  return static_cast<std::int32_t>(a - b) < 0;
}

}  // namespace

bool Connection::on_segment(Instant now, const Segment& segment) noexcept {
  if (state_ == State::closed) return true;
  if (state_ == State::syn_sent) return on_syn_sent(now, segment);
  if (state_ == State::syn_received && segment.has(flag::kSyn) &&
      segment.sequence == handshake_.irs && !segment.has(flag::kRst | flag::kAck)) {
    syn_due_ = true;  // our answer was lost
    return true;
  }
  Step step = check_sequence(now, segment);
  if (step == Step::go_on) step = on_reset(now, segment);
  if (step == Step::go_on) step = check_acknowledgment(now, segment);
  if (step != Step::go_on) return step == Step::done;
  probes_unanswered_ = 0;
  if (config_.keepalive_idle > Duration{} && state_ != State::time_wait) {
    keepalive_count_ = 0;
    keepalive_at_ = now + config_.keepalive_idle;
  }
  on_payload(now, segment);
  if (fin_at_ && *fin_at_ <= received_) on_fin(now);
  return true;
}

// SYN-SENT: an acceptable SYN opens, with ours acknowledged or (simultaneously) not.
bool Connection::on_syn_sent(Instant now, const Segment& segment) noexcept {
  const bool acknowledges = segment.has(flag::kAck);
  if (acknowledges && segment.acknowledgment != seq_of(1, handshake_.iss)) return false;
  if (segment.has(flag::kRst)) {
    if (acknowledges) die(true);
    return true;
  }
  if (!segment.has(flag::kSyn)) return true;
  agree(segment);
  if (!acknowledges) {
    enter(State::syn_received);
    syn_due_ = true;
    return true;
  }
  establish(now, syn_count_ == 1 ? std::optional(now - progress_at_) : std::nullopt);
  peer_window_ = peer_window_max_ = segment.window;  // of a SYN: never scaled
  window_sequence_ = 0, window_acknowledgment_ = 1;
  ack_now_ = true;
  on_payload(now, segment);
  return true;
}

// First: does it lie in the window? What does not is answered by an acknowledgment, unless it is a
// reset.
Connection::Step Connection::check_sequence(Instant now, const Segment& segment) noexcept {
  if (refuses_timestamp(now, segment)) return Step::done;
  const Position begin = position_of(segment.sequence, handshake_.irs, receive_next());
  const Position end = begin + segment.length();
  const Position edge = std::max(static_cast<Position>(last_edge_) + 1, receive_next());
  if (end >= last_ack_ && begin <= edge && (begin < edge || segment.length() == 0)) {
    if (segment.options.timestamps && handshake_.timestamps && begin <= last_ack_ &&
        !is_old(now, *segment.options.timestamps)) {
      timestamp_recent_ = segment.options.timestamps->value;
      timestamp_recent_at_ = now;
    }
    return Step::go_on;
  }
  if (segment.has(flag::kRst)) return Step::done;
  if (segment.has(flag::kSyn)) {  // RFC 5961, 4: wherever it lies
    challenge(now);
    return Step::done;
  }
  if (segment.length() > 0 && end <= receive_next()) duplicate_ = Range{begin, end};  // RFC 2883
  if (segment.length() > 0 || begin < edge)
    ack_now_ = true;
  else
    challenge(now);
  return Step::done;
}

// After 24 days a clock may have wrapped: then whatever comes is new (RFC 7323, 5.5).
bool Connection::is_old(Instant now, const Timestamps& timestamps) const noexcept {
  return before(timestamps.value, timestamp_recent_) &&
         now - timestamp_recent_at_ <= kTimestampsOld;
}

// PAWS (RFC 7323, 5.3): a segment older than what was seen is a ghost.
bool Connection::refuses_timestamp(Instant now, const Segment& segment) noexcept {
  if (!handshake_.timestamps || segment.has(flag::kRst)) return false;
  if (!segment.options.timestamps) return true;  // RFC 7323, 3.2: silently
  if (!is_old(now, *segment.options.timestamps)) return false;
  ack_now_ = true;
  return true;
}

// Second and fourth: RST at exactly the next sequence number ends the connection, elsewhere in the
// window it is challenged; so is any SYN (RFC 5961, 3 and 4).
Connection::Step Connection::on_reset(Instant now, const Segment& segment) noexcept {
  if (segment.has(flag::kRst)) {
    const Position at = position_of(segment.sequence, handshake_.irs, receive_next());
    if (at == receive_next() || at == last_ack_)
      die(true);
    else
      challenge(now);
    return Step::done;
  }
  if (segment.has(flag::kSyn) && !(state_ == State::syn_received && segment.has(flag::kAck) &&
                                   segment.sequence == handshake_.irs)) {
    challenge(now);
    return Step::done;
  }
  return segment.has(flag::kAck) ? Step::go_on : Step::done;
}

// Fifth: what it acknowledges.
Connection::Step Connection::check_acknowledgment(Instant now, const Segment& segment) noexcept {
  if (state_ == State::syn_received) {
    if (segment.acknowledgment != seq_of(1, handshake_.iss)) return Step::reset;
    establish(now, syn_count_ == 1 ? std::optional(now - progress_at_) : std::nullopt);
    learn_window(segment, 1);
    return Step::go_on;
  }
  const Position una = sender_.una();
  const Position position = position_of(segment.acknowledgment, handshake_.iss, una);
  if (position > sender_.max() ||
      position < una - static_cast<Position>(std::max<std::uint64_t>(peer_window_max_, 1))) {
    challenge(now);  // RFC 5961, 5
    return Step::done;
  }
  on_acknowledgment(now, segment, position);
  return state_ == State::closed ? Step::done : Step::go_on;
}

void Connection::on_acknowledgment(Instant now, const Segment& segment,
                                   Position position) noexcept {
  const Position una = sender_.una();
  std::array<Range, kSackBlocksMax> blocks;
  std::size_t count = 0;
  Sender::Ack ack;
  for (std::size_t i = 0; handshake_.sack_permitted && i < segment.options.sack_count; ++i) {
    const SackBlock& block = segment.options.sacks[i];
    const Range range{position_of(block.begin, handshake_.iss, una),
                      position_of(block.end, handshake_.iss, una)};
    if (range.empty() || range.end > sender_.max()) continue;  // RFC 2018: nonsense is no news
    if (i == 0 &&
        (range.end <= position ||
         (segment.options.sack_count > 1 &&
          range.begin >= position_of(segment.options.sacks[1].begin, handshake_.iss, una) &&
          range.end <= position_of(segment.options.sacks[1].end, handshake_.iss, una))))
      ack.duplicate = range;
    else if (range.begin > position)
      blocks[count++] = range;
  }
  ack.position = position;
  ack.sacked = std::span(blocks).first(count);
  if (handshake_.timestamps && segment.options.timestamps) {
    const std::uint32_t age =
        place_->clock->at(now) + timestamp_offset_ - segment.options.timestamps->echo;
    if (age < 1u << 22) {
      ack.echoed_at = now - std::chrono::milliseconds{age};
      ack.rtt = std::chrono::milliseconds{std::max(age, 1u)};
    }
  }
  const std::uint64_t window_before = peer_window_;
  ack.window_changed = learn_window(segment, position);
  ack.window = peer_window_;
  ack.has_data = segment.length() > 0;
  ack.ece = handshake_.ecn && segment.has(flag::kEce);
  sender_.on_ack(now, ack);
  if (position <= una) return on_no_progress(now, window_before);

  progress_at_ = now;
  timeouts_answered_ = 0;
  persist_count_ = 0;
  const auto offset = static_cast<std::uint64_t>(position - 1);
  out_.drop_before(std::min(offset, queued_));
  ready_ = true;
  if (out_.begin() - logged_.acknowledged >= std::min(config_.send_buffer / 4, 65536u) ||
      is_memory_short())
    dirty_ = true;
  else if (logged_.opened && say_at_ == kNever)
    say_at_ = now + kUnsaidMax;
  if (closed_ && offset > queued_) on_our_fin_acknowledged(now);
}

// A peer may take back the window that it gave (RFC 9293, 3.8.6; MUST-34): then what was sent into
// it is dropped there, and its repetitions are probes. It lives as long as it answers them.
void Connection::on_no_progress(Instant now, std::uint64_t window_before) noexcept {
  if (peer_window_ == 0) {
    timeouts_answered_ = sender_.timeouts();
    progress_at_ = now;
  } else if (window_before == 0 && sender_.timeouts() > 0) {
    sender_.on_window_opened();
  }
}

// The window of the newest segment counts (RFC 9293, 3.10.7.4). True when it changed.
bool Connection::learn_window(const Segment& segment, Position position) noexcept {
  const Position sequence = position_of(segment.sequence, handshake_.irs, receive_next());
  if (window_sequence_ > sequence ||
      (window_sequence_ == sequence && window_acknowledgment_ > position))
    return false;
  const std::uint64_t window = std::uint64_t{segment.window} << scale_out_;
  const bool changed = window != peer_window_;
  window_sequence_ = sequence, window_acknowledgment_ = position;
  peer_window_ = window;
  peer_window_max_ = std::max(peer_window_max_, window);
  return changed;
}

void Connection::on_our_fin_acknowledged(Instant now) noexcept {
  switch (state_) {
    case State::fin_wait_1:  // we have closed, the peer may still send
      enter(State::fin_wait_2);
      linger(now + config_.fin_wait_2);
      return;
    case State::closing:  // both closed at once
      enter(State::time_wait);
      linger(now + config_.time_wait);
      return;
    case State::last_ack:  // both have closed, the peer first
      die(false);
      return;
    case State::closed:
    case State::syn_sent:
    case State::syn_received:
    case State::established:
    case State::fin_wait_2:
    case State::close_wait:
    case State::time_wait:
      return;
  }
}

// Seventh and eighth: what it carries. Kept in order or ahead of what is missing; told when the
// standby has it.
void Connection::on_payload(Instant now, const Segment& segment) noexcept {
  if (handshake_.ecn) {
    if (segment.has(flag::kCwr)) congestion_seen_ = false;
    if (segment.ecn == 3) congestion_seen_ = true;
  }
  const bool fin = segment.has(flag::kFin);
  if (segment.payload.empty() && !fin) return;
  if (state_ != State::established && state_ != State::fin_wait_1 && state_ != State::fin_wait_2) {
    ack_now_ = true;  // the peer closed before: a repetition
    if (state_ == State::time_wait && fin) linger(now + config_.time_wait);
    return;
  }
  const Position begin = position_of(segment.sequence, handshake_.irs, receive_next()) +
                         (segment.has(flag::kSyn) ? 1 : 0);
  const Position end = begin + static_cast<Position>(segment.payload.size());
  std::span<const std::uint8_t> bytes = segment.payload;
  const auto skip = std::clamp<Position>(static_cast<Position>(received_) + 1 - begin, 0,
                                         static_cast<Position>(bytes.size()));
  bytes = bytes.subspan(static_cast<std::size_t>(skip));
  if (skip > 0) duplicate_ = Range{begin, begin + skip};  // RFC 2883, 4.1: in part, too
  if (bytes.empty() && !segment.payload.empty() && !fin) {
    ack_now_ = true;
    return;
  }
  if (state_ == State::fin_wait_2) linger(now + config_.fin_wait_2);  // it goes on
  const bool all = arrives(static_cast<std::uint64_t>(begin + skip - 1), bytes);
  if (fin && all && !fin_at_) fin_at_ = static_cast<std::uint64_t>(end - 1);
  if (fin && bytes.empty() && fin_at_ && *fin_at_ > received_) {  // its data lacks more than it
    if (next_mark_.duplicates < 64) ++next_mark_.duplicates;
    dirty_ = true;
  }
}

// False when not all of it could be kept.
bool Connection::arrives(std::uint64_t offset, std::span<const std::uint8_t> bytes) noexcept {
  if (fin_at_ && offset + bytes.size() > *fin_at_) return false;  // nothing lies behind a FIN
  if (bytes.empty()) return true;
  const std::uint64_t limit = std::max(last_edge_, received_);
  if (offset >= limit) return false;
  const std::size_t fits = std::min<std::uint64_t>(bytes.size(), limit - offset);
  const Use use = offset <= received_ ? Use::received : Use::ahead;
  const std::size_t size = in_.store(offset, bytes.first(fits), use);
  const Range range{static_cast<Position>(offset) + 1, static_cast<Position>(offset + size) + 1};
  if (offset <= received_) {
    received_ = offset + size;
    if (!ahead_.empty()) {
      received_ = static_cast<std::uint64_t>(ahead_.end_of(range.end) - 1);
      ahead_.remove_before(static_cast<Position>(received_) + 1);
      unlogged_.remove_before(static_cast<Position>(received_) + 1);
      next_mark_.ack_now = true;  // a gap was filled, wholly or in part (RFC 5681, 4.2)
    }
    follow_rounding();
    ready_ = true;
  } else if (size > 0 && ahead_.contains(range)) {  // RFC 2883, 4.2: twice, above a hole
    duplicate_ = range;
    ack_now_ = true;
    return true;
  } else if (size > 0 && ahead_.add(range)) {
    (void)unlogged_.add(range);  // at most as many ranges as ahead_ has
    if (next_mark_.duplicates < 64) ++next_mark_.duplicates;
    newest_arrival_ = range.begin;
  } else {
    ack_now_ = true;
    return false;
  }
  dirty_ = true;
  return size == bytes.size();
}

void Connection::on_fin(Instant now) noexcept {
  if (fin_received_) return;
  fin_received_ = true;
  next_mark_.ack_now = true;
  ready_ = true;
  switch (state_) {
    case State::established:  // the peer has closed, we may still send
      enter(State::close_wait);
      return;
    case State::fin_wait_1:  // both closed at once: our FIN is not acknowledged yet
      enter(State::closing);
      return;
    case State::fin_wait_2:  // we closed first, now the peer
      enter(State::time_wait);
      linger(now + config_.time_wait);
      return;
    case State::closed:
    case State::syn_sent:
    case State::syn_received:
    case State::close_wait:
    case State::closing:
    case State::last_ack:
    case State::time_wait:
      return;
  }
}

bool Connection::gives_way_to(const Segment& syn) const {
  if (!syn.has(flag::kSyn) || syn.has(flag::kAck | flag::kRst)) return false;
  if (state_ == State::syn_received) return passive_ && syn.sequence != handshake_.irs;
  if (state_ != State::time_wait) return false;
  if (handshake_.timestamps && syn.options.timestamps)
    return before(timestamp_recent_, syn.options.timestamps->value);
  return before(seq_of(receive_next(), handshake_.irs), syn.sequence);
}

// A challenge ACK, at a bounded rate (RFC 5961, 7).
void Connection::challenge(Instant now) noexcept {
  if (now - challenge_since_ >= std::chrono::seconds{1}) {
    challenge_since_ = now;
    challenge_count_ = 0;
  }
  if (challenge_count_ >= kChallengesPerSecond) return;
  ++challenge_count_;
  ack_now_ = true;
}

}  // namespace poise::tcp
