// What may leave a connection now, made from what may be told, and when it wants to be looked at.
#include <algorithm>

#include "model/tcp/connection/connection.h"

namespace poise::tcp {

namespace flag = wire::tcp_flag;

namespace {

constexpr auto kPersistMax = std::chrono::seconds{60};
constexpr std::uint32_t kPathMtuMinV4 = 552, kPathMtuMinV6 = 1280;
constexpr std::uint8_t kEct0 = 2;  // RFC 3168, 5

}  // namespace

bool Connection::speaks_data() const {
  switch (state_) {
    case State::established:
    case State::close_wait:
    case State::fin_wait_1:
    case State::closing:
    case State::last_ack:
      return true;
    case State::closed:
    case State::syn_sent:
    case State::syn_received:
    case State::fin_wait_2:
    case State::time_wait:
      return false;
  }
  return false;
}

std::size_t Connection::next_segment(Instant now, std::span<std::uint8_t> memory) noexcept {
  if (reset_due_) return told_.gone ? write_reset(now, memory) : 0;
  if (state_ == State::closed) return 0;
  if (syn_due_) return write_syn(now, memory);
  if (state_ == State::syn_sent || state_ == State::syn_received) return 0;
  if (speaks_data()) {
    const Position edge = window_acknowledgment_ + static_cast<Position>(peer_window_);
    const auto piece = sender_.next(now, tellable_end(), told_.closed, edge);
    if (piece && (piece->retransmission || piece->probe || !waits_for_more(*piece)))
      return write_piece(now, memory, *piece);
    arm_persist(now);
  }
  if (probe_due_) {
    // Zero-window probe and keep-alive alike: a segment that must be answered (RFC 9293, 3.8.4).
    probe_due_ = false;
    Segment segment;
    segment.sequence = seq_of(sender_.una() - 1, handshake_.iss);
    segment.flags = flag::kAck;
    return write(now, memory, segment, 0, 0);
  }
  if (duplicates_ > 0 || ack_now_) {
    if (duplicates_ > 0) --duplicates_;
    Segment segment;
    segment.sequence = seq_of(sender_.max(), handshake_.iss);
    segment.flags = flag::kAck;
    return write(now, memory, segment, 0, 0);
  }
  return 0;
}

// Nagle's algorithm, and the sender's side of silly-window avoidance (RFC 9293, 3.7.4 and
// 3.8.6.2.1): a small piece waits for more data, a larger window, or for all to be acknowledged.
bool Connection::waits_for_more(const Sender::Piece& piece) const noexcept {
  const bool has_fin = piece.range.end > tellable_end();
  const bool all = piece.range.end >= tellable_end();
  if (override_ || has_fin || piece.range.size() >= mss_) return false;
  if (all) return config_.nagle && sender_.in_flight() > 0;
  return piece.range.size() < peer_window_max_ / 2;
}

std::size_t Connection::write_piece(Instant now, std::span<std::uint8_t> memory,
                                    const Sender::Piece& piece) noexcept {
  const Position data_end = std::min(piece.range.end, tellable_end());
  const auto size = static_cast<std::size_t>(std::max<Position>(data_end - piece.range.begin, 0));
  Segment segment;
  segment.sequence = seq_of(piece.range.begin, handshake_.iss);
  segment.flags = flag::kAck;
  if (piece.range.end > tellable_end()) segment.flags |= flag::kFin;
  if (size > 0 && data_end == tellable_end()) segment.flags |= flag::kPsh;
  if (handshake_.ecn && !piece.retransmission && size > 0) {
    segment.ecn = kEct0;
    if (sender_.wants_cwr()) {
      segment.flags |= flag::kCwr;
      sender_.cwr_sent();
    }
  }
  const std::size_t written =
      write(now, memory, segment, static_cast<std::uint64_t>(piece.range.begin - 1), size);
  if (written == 0) return 0;
  override_ = false;
  sender_.on_sent(now, piece);
  return written;
}

// The one way out for all but SYN and RST: acknowledges what may be acknowledged.
std::size_t Connection::write(Instant now, std::span<std::uint8_t> memory, Segment& segment,
                              std::uint64_t offset, std::size_t size) noexcept {
  segment.acknowledgment = seq_of(tellable_ack(), handshake_.irs);
  if (congestion_seen_) segment.flags |= flag::kEce;
  const std::size_t headers = envelope_.key.source.is_v4() ? 40 : 60;
  segment.options = options(now, true);
  if (size > 0 && size + headers + options_size(segment.options) > config_.mtu)
    segment.options = options(now, false);
  const std::uint64_t edge_before = last_edge_;
  segment.window = advertise();
  const auto first = size > 0 ? out_.view(offset, size) : std::span<const std::uint8_t>{};
  const auto second = first.size() < size ? out_.view(offset + first.size(), size - first.size())
                                          : std::span<const std::uint8_t>{};
  const std::size_t written = write_segment(memory, envelope_, segment, first, second);
  if (written == 0) {
    last_edge_ = edge_before;
    return 0;
  }
  last_ack_ = tellable_ack();
  ack_now_ = false;
  delayed_ack_at_ = kNever;
  duplicate_.reset();
  if (size > 0 && handshake_.sack_permitted) duplicates_ = 0;
  return written;
}

std::size_t Connection::write_syn(Instant now, std::span<std::uint8_t> memory) noexcept {
  const bool answers = state_ == State::syn_received;
  Segment segment;
  segment.sequence = handshake_.iss;
  segment.flags = flag::kSyn;
  segment.window =
      static_cast<std::uint16_t>(std::min<std::uint32_t>(config_.receive_buffer, 65535));
  segment.options.mss =
      static_cast<std::uint16_t>(config_.mtu - (envelope_.key.source.is_v4() ? 40 : 60));
  if (answers) {
    segment.flags |= flag::kAck;
    segment.acknowledgment = seq_of(1, handshake_.irs);
    if (handshake_.ecn) segment.flags |= flag::kEce;
  } else if (config_.ecn && syn_count_ < 2) {
    segment.flags |= flag::kEce | flag::kCwr;
  }
  if (answers ? handshake_.window_scale.has_value() : config_.window_scaling)
    segment.options.window_scale = scale_in_;
  segment.options.sack_permitted = answers ? handshake_.sack_permitted : config_.sack;
  const std::uint32_t clock = place_->clock->at(now) + timestamp_offset_;
  if (answers && handshake_.timestamps)
    segment.options.timestamps = Timestamps{
        place_->cookies ? cookie_timestamp(clock, handshake_) : clock, timestamp_recent_};
  if (!answers && config_.timestamps) segment.options.timestamps = Timestamps{clock, 0};
  syn_due_ = false;
  syn_at_ = now + config_.sender.rto_initial * (1u << std::min(syn_count_, 6u));
  ++syn_count_;
  return write_segment(memory, envelope_, segment);
}

std::size_t Connection::write_reset(Instant now, std::span<std::uint8_t> memory) noexcept {
  reset_due_ = false;
  Segment segment;
  segment.sequence = seq_of(state_ == State::syn_received ? 1 : sender_.max(), handshake_.iss);
  segment.acknowledgment = seq_of(tellable_ack(), handshake_.irs);
  segment.flags = flag::kRst | flag::kAck;
  segment.options = options(now, false);
  return write_segment(memory, envelope_, segment);
}

// Timestamps, and what came out of order: a duplicate first (RFC 2883), then the newest range
// (RFC 2018, 4).
Options Connection::options(Instant now, bool with_sacks) noexcept {
  Options options;
  if (handshake_.timestamps)
    options.timestamps = Timestamps{place_->clock->at(now) + timestamp_offset_, timestamp_recent_};
  if (!handshake_.sack_permitted || !with_sacks) return options;
  const auto add = [&](const Range& range) {
    if (range.empty() || options.sack_count == kSackBlocksMax) return;
    options.sacks[options.sack_count++] = {seq_of(range.begin, handshake_.irs),
                                           seq_of(range.end, handshake_.irs)};
  };
  // A block above the acknowledgment would say that it may be SACKed (rule R7).
  if (duplicate_ && (duplicate_->end <= tellable_ack() || sackable_.contains(*duplicate_)))
    add(*duplicate_);
  if (sackable_.empty()) return options;
  const Range newest = sackable_.at(newest_arrival_);
  add(newest);
  for (const Range& range : sackable_.ranges())
    if (range != newest) add(range);
  return options;
}

// The window field: up to the edge that the buffer asks for, rounded up from the one told before so
// that it does not move left. Where the standby does not know so much, or the buffer has no more
// room for roundings, it is rounded down: by less than a step, as peers must bear (RFC 7323, 2.4).
std::uint16_t Connection::advertise() noexcept {
  const auto base = static_cast<std::uint64_t>(tellable_ack() - 1);
  const std::uint64_t edge = std::max(told_.edge - edge_margin(), last_edge_);
  const std::uint64_t up = (std::uint64_t{1} << scale_in_) - 1;
  std::uint64_t steps = ((edge > base ? edge - base : 0) + up) >> scale_in_;
  if (base + (steps << scale_in_) > std::max(told_.edge, base))
    steps = (std::max(told_.edge, base) - base) >> scale_in_;
  const auto field = static_cast<std::uint16_t>(std::min<std::uint64_t>(steps, 65535));
  last_edge_ = std::max(last_edge_, base + (std::uint64_t{field} << scale_in_));
  return field;
}

// Data waits, nothing is on its way, and the window holds it back: only a probe can bring news
// (RFC 9293, 3.8.6.1), or the override of silly-window avoidance.
void Connection::arm_persist(Instant now) noexcept {
  const bool waits = tellable_end() + (told_.closed ? 1 : 0) > sender_.max();
  if (!waits || sender_.in_flight() > 0) {
    persist_at_ = kNever;
    return;
  }
  if (persist_at_ != kNever) return;
  const Duration wait = sender_.rto() * (1u << std::min(persist_count_, 10u));
  persist_at_ = now + std::min<Duration>(wait, kPersistMax);
}

void Connection::on_path_mtu(Instant, std::uint32_t mtu, Seq quoted) noexcept {
  const bool v4 = envelope_.key.source.is_v4();
  const Position at = position_of(quoted, handshake_.iss, sender_.una());
  if (mtu >= config_.mtu || mtu < (v4 ? kPathMtuMinV4 : kPathMtuMinV6) || at < sender_.una() ||
      at >= sender_.max())
    return;
  config_.mtu = mtu;
  mss_ = effective_mss();
  sender_.set_mss(mss_);
}

Instant Connection::deadline() const {
  Instant at =
      std::min({syn_at_, delayed_ack_at_, persist_at_, keepalive_at_, linger_at_, say_at_});
  if (speaks_data()) at = std::min(at, sender_.deadline());
  return at;
}

void Connection::on_timer(Instant now) noexcept {
  if (linger_at_ <= now) return die(false);
  if (syn_at_ <= now) {
    if (syn_count_ > config_.syn_retries) return die(false);
    syn_at_ = kNever;
    syn_due_ = true;
  }
  if (say_at_ <= now) {
    say_at_ = kNever;
    dirty_ = true;
  }
  if (delayed_ack_at_ <= now) {
    delayed_ack_at_ = kNever;
    ack_now_ = true;
  }
  if (persist_at_ <= now) {
    persist_at_ = kNever;
    // A closed window may last; a peer that does not answer may not (RFC 9293, 3.8.6.1).
    if (peer_window_ == 0 && probes_unanswered_++ >= config_.retries) return die(true);
    ++persist_count_;
    (peer_window_ == 0 ? probe_due_ : override_) = true;
  }
  if (keepalive_at_ <= now) {
    if (keepalive_count_ >= config_.keepalive_count) return die(true);
    ++keepalive_count_;
    keepalive_at_ = now + config_.keepalive_interval;
    probe_due_ = true;
  }
  if (!speaks_data() || sender_.deadline() > now) return;
  const bool too_long = config_.user_timeout > Duration{} &&
                        now - progress_at_ >= config_.user_timeout && sender_.in_flight() > 0;
  if (too_long || sender_.timeouts() >= timeouts_answered_ + config_.retries) return die(true);
  sender_.on_timer(now);
}

}  // namespace poise::tcp
