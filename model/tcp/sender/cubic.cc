// The curve, and Reno's line beside it.
#include "model/tcp/sender/cubic.h"

#include <algorithm>

namespace poise::tcp {

double cube_root(double x) {
  if (x <= 0) return 0;
  double root = std::max(x, 1.0);
  // From above the steps fall until rounding stops them.
  for (double next = root;; root = next) {
    next = (2 * root + x / (root * root)) / 3;
    if (next >= root) return root;
  }
}

void Cubic::on_congestion(double window) {
  w_prior_ = window;
  w_max_ = window < w_max_ ? window * (1 + kBeta) / 2 : window;
  after_timeout_ = false;
  epoch_ = kNever;
}

void Cubic::on_timeout() {
  after_timeout_ = true;
  epoch_ = kNever;
}

double Cubic::growth(Instant now, double window, double acknowledged, Duration rtt) {
  if (epoch_ == kNever) {
    epoch_ = now;
    w_est_ = window;
    if (after_timeout_ || w_max_ <= window) {
      w_max_ = window;
      k_ = 0;
    } else {
      k_ = cube_root((w_max_ - window) / kC);
    }
    after_timeout_ = false;
  }
  w_est_ += (w_est_ >= w_prior_ ? 1 : kAlpha) * acknowledged / window;
  const double t = to_seconds(now - epoch_);
  if (at(t) < w_est_) return std::max(0.0, w_est_ - window);  // Reno-friendly (4.3)
  const double target = std::clamp(at(t + to_seconds(rtt)), window, 1.5 * window);
  return (target - window) / window * acknowledged;
}

void Cubic::add_to(Digest& digest) const {
  digest.add(to_ns(epoch_)).add(w_max_).add(w_prior_).add(w_est_).add(k_).add(after_timeout_);
}

}  // namespace poise::tcp
