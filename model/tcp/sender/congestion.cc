// How the congestion window grows, and what a loss takes from it.
#include "model/tcp/sender/congestion.h"

#include <algorithm>

namespace poise::tcp {

namespace {

constexpr std::uint64_t kSegmentsMin = 2;  // RFC 5681, (4)
constexpr std::uint64_t kGrowthSegments =
    8;  // of one acknowledgment, without pacing: RFC 9406, 4.2

}  // namespace

Congestion::Congestion(CongestionControl kind, std::uint32_t mss, std::uint32_t initial_segments)
    : kind_(kind), mss_(mss) {
  // RFC 6928, 2: min(10 mss, max(2 mss, 14600)), with the number of segments as it is configured.
  const std::uint64_t most = std::uint64_t{1460} * initial_segments;
  initial_ = std::min<std::uint64_t>(std::uint64_t{initial_segments} * mss,
                                     std::max<std::uint64_t>(2 * std::uint64_t{mss}, most));
  window_ = initial_;
}

void Congestion::on_acknowledged(Instant now, std::uint64_t bytes, std::uint64_t used,
                                 Duration srtt) {
  const Duration since = asked_at_ == kNever ? Duration{} : now - asked_at_;
  asked_at_ = now;
  if (slow_start()) {
    if (2 * used < window_) return;
    const std::uint64_t growth = std::min(bytes, kGrowthSegments * mss_);
    const std::uint64_t room = threshold_ - window_;
    window_ += std::min(growth, room);
    if (growth <= room) return;
    bytes = growth - room;
  } else if (used + mss_ < window_) {
    return cubic_.wait(since);
  }
  kind_ == CongestionControl::newreno ? grow_reno(bytes) : grow_cubic(now, bytes, srtt);
}

void Congestion::grow_reno(std::uint64_t bytes) {
  acknowledged_ += bytes;
  if (acknowledged_ < window_) return;
  acknowledged_ -= window_;
  window_ += mss_;
}

void Congestion::grow_cubic(Instant now, std::uint64_t bytes, Duration srtt) {
  fraction_ += cubic_.growth(now, segments(window_), segments(bytes), srtt) * mss_;
  const auto whole = static_cast<std::uint64_t>(fraction_);
  fraction_ -= static_cast<double>(whole);
  window_ += whole;
}

void Congestion::on_congestion(std::uint64_t outstanding) {
  // What limited transmit added is not to be rewarded (RFC 5681, 3.2, step 2).
  const std::uint64_t used = std::min(outstanding, window_);
  std::uint64_t left = used / 2;
  if (kind_ == CongestionControl::cubic) {
    cubic_.on_congestion(segments(window_));
    left = static_cast<std::uint64_t>(static_cast<double>(used) * Cubic::kBeta);
  }
  threshold_ = std::max(left, kSegmentsMin * mss_);
  window_ = std::min(window_, threshold_);
  acknowledged_ = 0;
  fraction_ = 0;
}

void Congestion::on_timeout(std::uint64_t outstanding, bool first) {
  if (first) on_congestion(outstanding);
  cubic_.on_timeout();
  window_ = mss_;
}

void Congestion::on_idle() {
  window_ = std::min(window_, initial_);
  cubic_.restart();
}

void Congestion::undo(const Congestion& before, std::uint64_t flight) {
  const std::uint64_t now_have = window_;
  *this = before;
  threshold_ =
      std::max(before.threshold_ == kThresholdInitial ? 0 : before.threshold_, before.window_);
  window_ = std::max(now_have, std::min(before.window_, flight + initial_));
}

void Congestion::add_to(Digest& digest) const {
  digest.add(window_).add(threshold_).add(acknowledged_).add(fraction_).add(to_ns(asked_at_));
  cubic_.add_to(digest);
}

}  // namespace poise::tcp
