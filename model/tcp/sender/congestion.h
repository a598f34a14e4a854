// The congestion window: NewReno (RFC 5681, 6582) and CUBIC (RFC 9438) behind one interface. A
// value: a copy of it is what an undo goes back to (RFC 4015).
#pragma once

#include <cstdint>

#include "model/hash.h"
#include "model/tcp/sender/sender.h"
#include "model/time.h"

namespace poise::tcp {

class Congestion {
 public:
  Congestion() = default;
  Congestion(CongestionControl kind, std::uint32_t mss, std::uint32_t initial_segments);

  // New data was acknowledged outside of recovery. `in_flight`: before it; a window that was not
  // used does not grow (RFC 7661, 4.3).
  void on_acknowledged(Instant now, std::uint64_t bytes, std::uint64_t in_flight, Duration srtt);
  // A loss, or a congestion mark: sets the threshold, and the window to it.
  void on_congestion(std::uint64_t in_flight);
  // Everything counts as lost: slow start from one segment.
  void on_timeout(std::uint64_t in_flight);
  // Nothing was sent for longer than a timeout (RFC 5681, 4.1).
  void on_idle();
  void set_window(std::uint64_t bytes) { window_ = bytes; }  // recovery steers it by itself
  void set_mss(std::uint32_t mss) { mss_ = mss; }

  std::uint64_t window() const { return window_; }
  std::uint64_t threshold() const { return threshold_; }
  bool slow_start() const { return window_ < threshold_; }
  void add_to(Digest& digest) const;

 private:
  void grow_reno(std::uint64_t bytes);
  void grow_cubic(Instant now, std::uint64_t bytes, Duration srtt);
  double segments(std::uint64_t bytes) const;

  CongestionControl kind_ = CongestionControl::cubic;
  std::uint32_t mss_ = 536;
  std::uint64_t window_ = 0;
  std::uint64_t initial_ = 0;
  std::uint64_t threshold_ = ~std::uint64_t{0} >> 1;
  std::uint64_t acknowledged_ = 0;  // bytes towards the next segment of growth

  // CUBIC, in segments and seconds.
  double w_max_ = 0;        // the window before the last reduction
  double w_est_ = 0;        // what Reno would have
  double w_prior_ = 0;      // the window just before the last reduction, without fast convergence
  double k_ = 0;            // seconds until w_max_ is reached again
  double fraction_ = 0;     // of a byte of growth, left over
  Instant epoch_ = kNever;  // of congestion avoidance
};

}  // namespace poise::tcp
