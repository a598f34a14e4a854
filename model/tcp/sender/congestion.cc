// How the congestion window grows, and what a loss takes from it.
#include "model/tcp/sender/congestion.h"

#include <algorithm>

namespace poise::tcp {

namespace {

constexpr double kBeta = 0.7, kC = 0.4;                   // RFC 9438, 4.6 and 5
constexpr double kAlpha = 3 * (1 - kBeta) / (1 + kBeta);  // RFC 9438, 4.3
constexpr std::uint64_t kSegmentsMin = 2;

// Newton's method: the same bits from every compiler and library.
double cube_root(double x) {
  if (x <= 0) return 0;
  double root = x > 1 ? x : 1;
  for (int i = 0; i < 100; ++i) {
    const double next = (2 * root + x / (root * root)) / 3;
    if (next == root) break;
    root = next;
  }
  return root;
}

}  // namespace

Congestion::Congestion(CongestionControl kind, std::uint32_t mss, std::uint32_t initial_segments)
    : kind_(kind), mss_(mss) {
  // RFC 6928, 2: min(10 mss, max(2 mss, 14600)), with the number of segments as it is configured.
  const std::uint64_t most = std::uint64_t{1460} * initial_segments;
  initial_ = std::min<std::uint64_t>(std::uint64_t{initial_segments} * mss,
                                     std::max<std::uint64_t>(2 * std::uint64_t{mss}, most));
  window_ = initial_;
}

double Congestion::segments(std::uint64_t bytes) const {
  return static_cast<double>(bytes) / mss_;
}

void Congestion::on_acknowledged(Instant now, std::uint64_t bytes, std::uint64_t in_flight,
                                 Duration srtt) {
  if (slow_start()) {
    if (2 * in_flight < window_) return;
    const std::uint64_t room = threshold_ - window_;
    window_ += std::min(bytes, room);
    if (bytes <= room) return;
    bytes -= room;
  }
  if (in_flight + mss_ < window_) return;
  kind_ == CongestionControl::newreno ? grow_reno(bytes) : grow_cubic(now, bytes, srtt);
}

void Congestion::grow_reno(std::uint64_t bytes) {
  acknowledged_ += bytes;
  if (acknowledged_ < window_) return;
  acknowledged_ -= window_;
  window_ += mss_;
}

void Congestion::grow_cubic(Instant now, std::uint64_t bytes, Duration srtt) {
  const double window = segments(window_);
  if (epoch_ == kNever) {
    epoch_ = now;
    w_est_ = window;
    if (w_max_ <= window) {
      w_max_ = window;
      k_ = 0;
    } else {
      k_ = cube_root((w_max_ - window) / kC);
    }
  }
  const double t = to_seconds(now - epoch_ + srtt) - k_;
  const double target = std::clamp(kC * t * t * t + w_max_, window, 1.5 * window);
  const double acked = segments(bytes);
  w_est_ += (w_est_ >= w_prior_ ? 1 : kAlpha) * acked / window;
  double growth = (target - window) / window * acked;  // segments
  const double t_now = to_seconds(now - epoch_) - k_;
  if (kC * t_now * t_now * t_now + w_max_ < w_est_) growth = std::max(0.0, w_est_ - window);
  fraction_ += growth * mss_;
  const auto whole = static_cast<std::uint64_t>(fraction_);
  fraction_ -= static_cast<double>(whole);
  window_ += whole;
}

void Congestion::on_congestion(std::uint64_t in_flight) {
  const double window = segments(window_);
  const std::uint64_t least = kSegmentsMin * mss_;
  if (kind_ == CongestionControl::newreno) {
    threshold_ = std::max(in_flight / 2, least);
  } else {
    w_prior_ = window;
    w_max_ = window < w_max_ ? window * (1 + kBeta) / 2 : window;  // fast convergence (4.7)
    threshold_ =
        std::max(static_cast<std::uint64_t>(static_cast<double>(in_flight) * kBeta), least);
  }
  window_ = std::min(window_, threshold_);
  epoch_ = kNever;
  acknowledged_ = 0;
  fraction_ = 0;
}

void Congestion::on_timeout(std::uint64_t in_flight) {
  on_congestion(in_flight);
  window_ = mss_;
}

void Congestion::on_idle() {
  window_ = std::min(window_, initial_);
  epoch_ = kNever;
}

void Congestion::add_to(Digest& digest) const {
  digest.add(window_).add(threshold_).add(acknowledged_).add(w_max_).add(w_est_).add(k_);
  digest.add(to_ns(epoch_)).add(fraction_);
}

}  // namespace poise::tcp
