// CUBIC's curve (RFC 9438), in segments and seconds. Only operations that IEEE 754 rounds exactly:
// the same bits from every compiler and library.
#pragma once

#include "model/hash.h"
#include "model/time.h"

namespace poise::tcp {

class Cubic {
 public:
  static constexpr double kBeta = 0.7, kC = 0.4;  // RFC 9438, 4.6 and 5

  // A congestion event (4.6, with fast convergence: 4.7). `window`: before the reduction.
  void on_congestion(double window);
  // A timeout: the next avoidance starts a curve of its own at the window it begins with (4.8).
  void on_timeout();
  // Segments that `acknowledged` segments add to `window` in congestion avoidance.
  double growth(Instant now, double window, double acknowledged, Duration rtt);
  // No growth was due since the window was not used: the curve waits (5.8).
  void wait(Duration time) {
    if (epoch_ != kNever) epoch_ += time;
  }
  void restart() { epoch_ = kNever; }

  // W_cubic(t) of the present epoch.
  double at(double seconds) const {
    const double t = seconds - k_;
    return kC * t * t * t + w_max_;
  }
  double k() const { return k_; }
  void add_to(Digest& digest) const;

 private:
  static constexpr double kAlpha = 3 * (1 - kBeta) / (1 + kBeta);  // 4.3

  Instant epoch_ = kNever;  // the beginning of this stage of congestion avoidance
  double w_max_ = 0;        // the window before the last reduction, perhaps less (4.7)
  double w_prior_ = 0;      // the window before the last reduction
  double w_est_ = 0;        // what Reno would have
  double k_ = 0;            // seconds from epoch_ until w_max_ is reached
  bool after_timeout_ = false;
};

// By Newton's method. REQUIRES: x >= 0.
double cube_root(double x);

}  // namespace poise::tcp
