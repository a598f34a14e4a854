// The congestion window: NewReno (RFC 5681, 6582) and CUBIC (RFC 9438) behind one interface. A
// value: a copy of it is what an undo goes back to (RFC 4015).
#pragma once

#include <cstdint>

#include "model/hash.h"
#include "model/tcp/sender/cubic.h"
#include "model/tcp/sender/sender.h"
#include "model/time.h"

namespace poise::tcp {

class Congestion {
 public:
  Congestion() = default;
  Congestion(CongestionControl kind, std::uint32_t mss, std::uint32_t initial_segments);

  // `bytes` were acknowledged outside of recovery. `used`: the most that was on its way in the last
  // window; a window that was not used does not grow (RFC 7661, 4.3).
  void on_acknowledged(Instant now, std::uint64_t bytes, std::uint64_t used, Duration srtt);
  // A loss, or a congestion mark: sets the threshold, and the window to it.
  void on_congestion(std::uint64_t outstanding);
  // Slow start from one segment. `first`: not another timeout of the same (RFC 5681, 3.1).
  void on_timeout(std::uint64_t outstanding, bool first);
  void on_idle();  // nothing was sent for longer than a timeout (RFC 5681, 4.1)
  // What was taken was taken in vain. Goes back to `before`, without a burst (RFC 4015, 3.4).
  void undo(const Congestion& before, std::uint64_t flight);
  void set_window(std::uint64_t bytes) { window_ = bytes; }  // recovery steers it by itself
  void set_mss(std::uint32_t mss) { mss_ = mss; }

  std::uint64_t window() const { return window_; }
  std::uint64_t threshold() const { return threshold_; }
  bool slow_start() const { return window_ < threshold_; }
  void add_to(Digest& digest) const;

 private:
  static constexpr std::uint64_t kThresholdInitial = ~std::uint64_t{0} >> 1;

  std::uint64_t slow_start_growth(std::uint64_t bytes) const;
  void grow_reno(std::uint64_t bytes);
  void grow_cubic(Instant now, std::uint64_t bytes, Duration srtt);
  double segments(std::uint64_t bytes) const { return static_cast<double>(bytes) / mss_; }

  CongestionControl kind_ = CongestionControl::cubic;
  std::uint32_t mss_ = 536;
  std::uint64_t initial_ = 0;
  std::uint64_t window_ = 0;
  std::uint64_t threshold_ = kThresholdInitial;
  std::uint64_t acknowledged_ = 0;  // bytes towards the next segment of growth (Reno)
  double fraction_ = 0;             // of a byte of growth, left over (CUBIC)
  Instant asked_at_ = kNever;       // the last acknowledgment
  Cubic cubic_;
};

}  // namespace poise::tcp
