// How a connection begins and ends, and its stream as the application sees it.
#include "model/tcp/connection/connection.h"

#include <algorithm>
#include <cstring>

namespace poise::tcp {

namespace flag = wire::tcp_flag;

namespace {

// Windows are told in steps of 2^scale, rounded up so that their edge never moves left: a peer that
// sends a little at a time pushes it to the right. So many steps ahead of what the buffer asks for
// the standby knows the edge,
constexpr std::uint64_t kStepsAhead = 64;
// and so far it may be pushed: the buffer has the room.
constexpr std::uint64_t window_slack(std::uint8_t scale) {
  return scale == 0 ? 0 : std::max<std::uint64_t>(65536, (4 * kStepsAhead) << scale);
}

// A way that lost a SYN is met with care: RFC 6298, 5.7 for the timeout; RFC 5681, 3.1 for the
// window, as RFC 6928, 2 eases it to more than one loss.
SenderConfig after_lost_handshake(SenderConfig sender, std::uint32_t syn_count) {
  sender.rto_initial = std::max<Duration>(sender.rto_initial, std::chrono::seconds{3});
  if (syn_count > 2) sender.initial_window_segments = 1;
  return sender;
}

}  // namespace

std::uint8_t scale_for(std::uint32_t buffer) {
  std::uint8_t scale = 0;
  while (scale < 14 && (std::uint64_t{65535} << scale) < buffer) ++scale;
  return scale;
}

Connection::Connection(const FlowKey& key, const ConnectionConfig& config, Place& place)
    : config_(config),
      place_(&place),
      envelope_{key, config.personality},
      sender_(config.sender),
      out_(*place.pool, config.send_buffer),
      in_(*place.pool, config.receive_buffer + window_slack(scale_for(config.receive_buffer))) {
  scale_in_ = scale_for(config.receive_buffer);
  last_edge_ = config.receive_buffer;
  told_.edge = edge_ = last_edge_ + edge_margin();
}

void Connection::open_active(Instant now, Seq iss, std::uint32_t timestamp_offset) {
  handshake_ = {};
  handshake_.iss = iss;
  timestamp_offset_ = timestamp_offset;
  state_ = State::syn_sent;
  progress_at_ = now;
  syn_due_ = true;
}

void Connection::open_passive(Instant now, const Handshake& handshake,
                              std::uint32_t timestamp_offset, std::uint32_t recent) {
  handshake_ = handshake;
  timestamp_offset_ = timestamp_offset;
  timestamp_recent_ = recent;
  state_ = State::syn_received;
  passive_ = true;
  progress_at_ = now;
  last_ack_ = 1;
  syn_due_ = true;
}

void Connection::open_cookie(Instant now, const Handshake& handshake,
                             std::uint32_t timestamp_offset, std::uint32_t recent) {
  open_passive(now, handshake, timestamp_offset, recent);
  syn_due_ = false;
  syn_count_ = 0;  // no sample of the round-trip time
}

void Connection::agree(const Segment& syn) {
  const Options& theirs = syn.options;
  handshake_.irs = syn.sequence;
  handshake_.mss = theirs.mss.value_or(default_mss(envelope_.key.source.family()));
  handshake_.window_scale = config_.window_scaling ? theirs.window_scale : std::nullopt;
  handshake_.sack_permitted = config_.sack && theirs.sack_permitted;
  handshake_.timestamps = config_.timestamps && theirs.timestamps;
  const std::uint8_t asked = syn.flags & (flag::kEce | flag::kCwr);
  handshake_.ecn = config_.ecn &&
                   (syn.has(flag::kAck) ? asked == flag::kEce : asked == (flag::kEce | flag::kCwr));
  if (theirs.timestamps) timestamp_recent_ = theirs.timestamps->value;
  last_ack_ = 1;
}

std::uint32_t Connection::effective_mss() const {
  const std::uint32_t headers = envelope_.key.source.is_v4() ? 40 : 60;
  // A segment's bytes lie in two chunks at most (write).
  const std::uint32_t mss =
      std::min<std::uint32_t>({handshake_.mss, config_.mtu - headers, ChunkPool::kChunkSize});
  return std::max<std::uint32_t>(mss, 64) - (handshake_.timestamps ? 12 : 0);  // RFC 6691
}

void Connection::establish(Instant now, std::optional<Duration> rtt) {
  learn_scales();
  mss_ = effective_mss();
  if (syn_count_ > 1) sender_ = Sender(after_lost_handshake(config_.sender, syn_count_));
  sender_.start(now, 1, 1, mss_, handshake_.sack_permitted, rtt);
  timestamp_recent_at_ = progress_at_ = now;
  syn_at_ = kNever;
  syn_due_ = false;
  enter(closed_ ? State::fin_wait_1 : State::established);
  if (config_.keepalive_idle > Duration{}) keepalive_at_ = now + config_.keepalive_idle;
  ready_ = true;
}

void Connection::die(bool broken) noexcept {
  broken_ = broken;
  ready_ = true;
  enter(State::closed);
  syn_at_ = delayed_ack_at_ = persist_at_ = keepalive_at_ = linger_at_ = kNever;
}

Agreement Connection::agreement() const {
  return {envelope_.key, handshake_, timestamp_offset_};
}

std::size_t Connection::read_at(std::uint64_t offset, std::span<std::uint8_t> into) const {
  if (offset < consumed() || offset >= received_) return 0;
  const std::size_t size = std::min<std::uint64_t>(into.size(), received_ - offset);
  in_.load(offset, into.first(size));
  return size;
}

std::uint64_t Connection::room() const {
  if (closed_ || state_ == State::closed) return 0;
  return out_.begin() + config_.send_buffer - written_;
}

WriteResult Connection::write_at(std::uint64_t offset, std::span<const std::uint8_t> bytes) {
  if (offset > written_) return WriteResult::gap;
  const std::uint64_t known = std::min<std::uint64_t>(written_ - offset, bytes.size());
  bytes = bytes.subspan(known);
  if (bytes.empty()) return WriteResult::done;
  if (closed_ || state_ == State::closed) return WriteResult::closed;
  const std::size_t fits = std::min<std::uint64_t>(bytes.size(), room());
  const std::size_t stored = out_.store(written_, bytes.first(fits));
  written_ += stored;
  if (stored < fits) starved_ = true;
  return written_ == offset + known + bytes.size() ? WriteResult::done : WriteResult::full;
}

bool Connection::commit(std::uint64_t consumed, std::uint64_t produced,
                        std::span<const std::uint8_t> blob) {
  if (consumed < in_.begin() || consumed > received_ || produced < queued_ || produced > written_ ||
      blob.size() > kBlobMax || state_ == State::closed)
    return false;
  if (blob.data() != blob_.data() || blob.size() != blob_size_) {
    if (!blob.empty()) std::memmove(blob_.data(), blob.data(), blob.size());
    blob_size_ = blob.size();
    logged_.blob = false;
  }
  dirty_ = dirty_ || consumed != in_.begin() || produced != queued_ || !logged_.blob;
  in_.drop_before(consumed);
  queued_ = produced;
  raise_edge();
  return true;
}

void Connection::close() {
  if (closed_ || state_ == State::closed) return;
  closed_ = true;
  written_ = queued_;  // what was not committed is not said
  dirty_ = true;
  switch (state_) {
    case State::syn_sent:
      die(false);
      return;
    case State::established:
      enter(State::fin_wait_1);
      return;
    case State::close_wait:
      enter(State::last_ack);
      return;
    case State::closed:
    case State::syn_received:  // FIN follows when it is established
    case State::fin_wait_1:
    case State::fin_wait_2:
    case State::closing:
    case State::last_ack:
    case State::time_wait:
      return;
  }
}

void Connection::abort() {
  if (state_ == State::closed) return;
  reset_due_ = state_ != State::syn_sent && state_ != State::time_wait;
  die(false);
}

void Connection::learn_scales() noexcept {
  scale_out_ = handshake_.window_scale.value_or(0);
  if (handshake_.window_scale || scale_in_ == 0) return;
  scale_in_ = 0;
  told_.edge = edge_ = config_.receive_buffer;
}

std::uint64_t Connection::edge_margin() const {
  return scale_in_ == 0 ? 0 : kStepsAhead << scale_in_;
}

// The window grows in steps worth telling (RFC 9293, 3.8.6.2.2); it is told when the standby knows,
// so that a standby that lags slows the peer down (rule R16).
void Connection::raise_edge() noexcept {
  const std::uint64_t edge = in_.begin() + config_.receive_buffer + edge_margin();
  if (edge <= edge_ || edge - edge_ < std::min<std::uint64_t>(config_.receive_buffer / 2, mss_))
    return;
  edge_ = edge;
  dirty_ = true;
}

// Rounding has used up half of what the standby knows ahead.
void Connection::follow_rounding() noexcept {
  if (last_edge_ + edge_margin() / 2 <= edge_) return;
  const std::uint64_t most = in_.begin() + config_.receive_buffer + window_slack(scale_in_);
  edge_ = std::max(edge_, std::min(last_edge_ + edge_margin(), most));
}

void Connection::add_to(Digest& digest) const {
  digest.add(state_).add(handshake_.iss).add(handshake_.irs).add(written_).add(queued_);
  digest.add(passive_)
      .add(closed_)
      .add(out_.begin())
      .add(peer_window_)
      .add(in_.begin())
      .add(received_);
  digest.add(edge_).add(fin_received_).add(timestamp_recent_).add(timestamp_offset_);
  digest.add(told_.received).add(told_.queued).add(told_.edge).add(last_ack_).add(last_edge_);
  for (const Range& range : ahead_.ranges()) digest.add(range.begin).add(range.end);
  digest.add(blob());
  digest.add(to_ns(deadline())).add(srtt_hint_.value_or(Duration{}).count());
  sender_.add_to(digest);
}

}  // namespace poise::tcp
