// A first sender: slow start and going back to the oldest; the real one replaces it.
#include "model/tcp/sender/sender.h"
#include <algorithm>
namespace poise::tcp {
struct Sender::State {
  SenderConfig config;
  Position una = 1, nxt = 1, max = 1;
  std::uint32_t mss = 536;
  std::uint64_t cwnd = 0;
  Duration rto;
  Instant at = kNever;
  std::uint32_t timeouts = 0;
  Counters counters;
  Position recover = 0;
  int dup = 0;
};
Sender::Sender(const SenderConfig& c) : state_(std::make_unique<State>()) {
  state_->config = c;
  state_->rto = c.rto_initial;
}
Sender::~Sender() = default;
Sender::Sender(Sender&&) noexcept = default;
Sender& Sender::operator=(Sender&&) noexcept = default;
void Sender::start(Instant, Position una, Position max, std::uint32_t mss, bool,
                   std::optional<Duration> rtt) {
  auto& s = *state_;
  s.una = s.nxt = una;
  s.max = max;
  s.mss = mss;
  s.cwnd = 10 * mss;
  s.rto = std::max<Duration>(s.config.rto_min, rtt ? *rtt * 3 : s.config.rto_initial);
  s.at = kNever;
}
void Sender::set_mss(std::uint32_t m) {
  state_->mss = m;
  state_->nxt = state_->una;
}
std::optional<Sender::Piece> Sender::next(Instant, Position end, bool fin, Position edge) const {
  auto& s = *state_;
  Position last = end + (fin ? 1 : 0);
  Position lim = std::min<Position>({last, edge, s.una + static_cast<Position>(s.cwnd)});
  if (s.nxt >= lim) return std::nullopt;
  Position e = std::min(lim, s.nxt + s.mss);
  if (s.nxt >= end && !fin) return std::nullopt;
  if (s.nxt < end && e > end && !fin) e = end;
  return Piece{{s.nxt, e}, s.nxt < s.max, false};
}
void Sender::on_sent(Instant now, const Piece& p, bool) {
  auto& s = *state_;
  s.nxt = std::max(s.nxt, p.range.end);
  s.max = std::max(s.max, s.nxt);
  if (p.retransmission) ++s.counters.retransmitted;
  if (s.at == kNever) s.at = now + s.rto;
}
void Sender::on_ack(Instant now, const Ack& a) {
  auto& s = *state_;
  if (a.position > s.una) {
    s.una = a.position;
    s.nxt = std::max(s.nxt, s.una);
    s.cwnd += s.mss;
    s.timeouts = 0;
    s.dup = 0;
    s.at = s.nxt > s.una ? now + s.rto : kNever;
  } else if (!a.has_data && s.nxt > s.una && ++s.dup == 3) {
    s.nxt = s.una;
    s.cwnd = std::max<std::uint64_t>(s.cwnd / 2, 2 * s.mss);
  }
}
Position Sender::una() const {
  return state_->una;
}
Position Sender::max() const {
  return state_->max;
}
std::uint64_t Sender::in_flight() const {
  return static_cast<std::uint64_t>(state_->nxt - state_->una);
}
std::uint64_t Sender::congestion_window() const {
  return state_->cwnd;
}
std::uint64_t Sender::slow_start_threshold() const {
  return 0;
}
Duration Sender::rto() const {
  return state_->rto;
}
std::optional<Duration> Sender::srtt() const {
  return std::nullopt;
}
std::uint32_t Sender::timeouts() const {
  return state_->timeouts;
}
bool Sender::wants_cwr() const {
  return false;
}
void Sender::cwr_sent() {}
Instant Sender::deadline() const {
  return state_->at;
}
void Sender::on_timer(Instant now) {
  auto& s = *state_;
  if (now < s.at) return;
  ++s.timeouts;
  ++s.counters.timeouts;
  s.nxt = s.una;
  s.cwnd = s.mss;
  s.at = now + s.rto * (1 << std::min(s.timeouts, 6u));
}
const Sender::Counters& Sender::counters() const {
  return state_->counters;
}
void Sender::add_to(Digest& d) const {
  d.add(state_->una).add(state_->nxt);
}
}  // namespace poise::tcp
