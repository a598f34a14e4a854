// Carrying segments one way and acknowledgments the other.
#include "tests/tcp_sender/path.h"

#include <algorithm>
#include <array>

namespace poise::tcp {

namespace {

constexpr std::uint64_t kHeaders = 52;
constexpr Duration kDelayedAck = std::chrono::milliseconds{40};

std::int64_t ticks(Instant instant) {
  return to_ns(instant) / 1'000'000;
}

}  // namespace

Path::Path(const PathPlan& plan)
    : plan_(plan),
      sender_(plan.sender),
      rng_(plan.seed),
      edge_(1 + static_cast<Position>(plan.window)) {
  const Position max = 1 + static_cast<Position>(plan_.taken_over);
  const auto rtt = plan_.taken_over == 0 ? std::optional(2 * plan_.delay) : std::nullopt;
  sender_.start(now_, 1, max, plan_.mss, plan_.sack, rtt);
}

void Path::run() {
  const Instant stop = now_ + plan_.time_max;
  send_all();
  while (!done() && now_ < stop) {
    const Instant event = events_.empty() ? kNever : events_.begin()->first;
    const Instant next = std::min({event, sender_.deadline(), delayed_at_});
    if (next == kNever) {
      broken_.push_back("waits for nothing");
      return;
    }
    now_ = std::max(now_, next);
    if (event <= now_) {
      const auto what = std::move(events_.begin()->second);
      events_.erase(events_.begin());
      what();
    } else if (delayed_at_ <= now_) {
      acknowledge(std::nullopt);
    } else {
      sender_.on_timer(now_);
      if (sender_.deadline() <= now_) broken_.push_back("a deadline does not lie in the future");
    }
    send_all();
  }
}

void Path::send_all() {
  for (int burst = 0; !done(); ++burst) {
    const auto piece = sender_.next(now_, end(), true, edge_);
    if (!piece) return;
    if (burst > 100'000) return broken_.push_back("sends without end");
    check(*piece);
    if (plan_.on_piece) plan_.on_piece(now_, sender_, *piece);
    const std::uint64_t retransmitted = sender_.counters().retransmitted;
    sender_.on_sent(now_, *piece);
    if (piece->retransmission && sender_.counters().retransmitted == retransmitted)
      return broken_.push_back("offers what waits no more");
    check_pipe(*piece);
    send(*piece);
  }
}

void Path::check(const Sender::Piece& piece) {
  const Range& range = piece.range;
  const auto say = [&](const char* what) { broken_.push_back(what + (": " + story())); };
  if (range.empty()) say("an empty piece");
  if (range.begin < sender_.una()) say("below what is acknowledged");
  if (range.end > end() + 1) say("behind the FIN");
  if (range.end > edge_ + 1 || (range.end > edge_ && range.end != end() + 1)) say("over the edge");
  const std::uint64_t bytes = range.size() - (range.end == end() + 1 ? 1 : 0);
  if (bytes > plan_.mss) say("larger than a segment");
  if (piece.retransmission != (range.begin < sender_.max())) say("wrongly called a repetition");
  const auto again = sender_.next(now_, end(), true, edge_);
  if (!again || again->range != range) say("asking changed the answer");
}

// What is on its way stays within the window, but for the first retransmission of each repair.
void Path::check_pipe(const Sender::Piece& piece) {
  if (piece.probe || sender_.pipe() <= sender_.congestion_window() + plan_.mss) return;
  const auto& counters = sender_.counters();
  ++over_window_;
  if (!piece.retransmission ||
      (plan_.sack && over_window_ > counters.recoveries + counters.timeouts))
    broken_.push_back("more on its way than the window: " + story());
}

void Path::send(const Sender::Piece& piece) {
  const std::uint64_t size = piece.range.size() + kHeaders;
  const std::uint64_t count = sent_++;
  const double seconds = free_at_ > now_ ? to_seconds(free_at_ - now_) : 0;
  const bool full =
      seconds * plan_.rate + static_cast<double>(size) > static_cast<double>(plan_.queue);
  const bool lost = rng_.uniform() < plan_.loss;
  if (full || lost || (plan_.drops && plan_.drops(count, piece.range))) return;
  free_at_ = std::max(free_at_, now_) + from_seconds(static_cast<double>(size) / plan_.rate);
  Instant when = free_at_ + plan_.delay;
  if (plan_.late > 0 && rng_.uniform() < plan_.late)
    when += Duration{
        static_cast<std::int64_t>(rng_.below(static_cast<std::uint64_t>(plan_.late_max.count())))};
  at(when, [this, datagram = Datagram{piece.range, now_}] { arrive(datagram); });
}

void Path::arrive(const Datagram& datagram) {
  const Range range = datagram.range;
  if (range.begin <= next_) echo_ = datagram.sent_at;
  if (range.end <= next_ || (range.begin > next_ && ahead_.contains(range)))
    return acknowledge(range);  // it came before
  const bool gap = !ahead_.empty();
  if (range.begin <= next_) {
    next_ = ahead_.end_of(range.end);
    ahead_.remove_before(next_);
    received_ = static_cast<std::uint64_t>(std::min(next_, end()) - 1);
  } else {
    (void)ahead_.add(range);
    newest_ = range.begin;
  }
  if (unacknowledged_ == 0) delayed_at_ = now_ + kDelayedAck;
  if (++unacknowledged_ >= plan_.acknowledge_every || gap || !ahead_.empty() || next_ > end())
    acknowledge(std::nullopt);
}

void Path::acknowledge(std::optional<Range> duplicate) {
  unacknowledged_ = 0;
  delayed_at_ = kNever;
  std::vector<Range> blocks;
  if (plan_.sack && !ahead_.empty()) {
    blocks.push_back(ahead_.at(newest_));
    for (const Range& range : ahead_.ranges())
      if (range != blocks.front() && blocks.size() < 3) blocks.push_back(range);
    if (blocks.front().empty()) blocks.erase(blocks.begin());
  }
  if (rng_.uniform() < plan_.loss_back) return;
  at(now_ + plan_.delay, [this, blocks, duplicate, position = next_, echo = echo_] {
    Sender::Ack ack;
    ack.position = position;
    ack.sacked = blocks;
    if (plan_.sack) ack.duplicate = duplicate;
    if (plan_.timestamps)
      ack.echoed_at = now_ - std::chrono::milliseconds{ticks(now_) - ticks(echo)};
    ack.window = plan_.window;
    const Position edge = std::max(edge_, position + static_cast<Position>(plan_.window));
    ack.window_changed = false;
    edge_ = edge;
    sender_.on_ack(now_, ack);
    if (plan_.on_ack) plan_.on_ack(now_, sender_);
  });
}

double Path::goodput() const {
  return static_cast<double>(received_) / to_seconds(now_);
}

std::string Path::story() const {
  const auto& counters = sender_.counters();
  return "seed " + std::to_string(plan_.seed) + ", at " + std::to_string(to_seconds(now_)) +
         " s: una " + std::to_string(sender_.una()) + ", max " + std::to_string(sender_.max()) +
         ", pipe " + std::to_string(sender_.pipe()) + ", window " +
         std::to_string(sender_.congestion_window()) + ", timeouts " +
         std::to_string(counters.timeouts) + ", recoveries " + std::to_string(counters.recoveries) +
         ", retransmitted " + std::to_string(counters.retransmitted);
}

}  // namespace poise::tcp
