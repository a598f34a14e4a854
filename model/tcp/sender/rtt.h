// The round-trip time and the retransmission timeout that follows from it (RFC 6298).
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>

#include "model/hash.h"
#include "model/time.h"

namespace poise::tcp {

class RoundTrip {
 public:
  RoundTrip(Duration initial, Duration min, Duration max)
      : rto_(initial), rto_min_(min), rto_max_(max) {}

  // REQUIRES: of a segment that was sent once (Karn's rule).
  void sample(Duration rtt) {
    if (!has_sample_) {
      srtt_ = rtt;
      variation_ = rtt / 2;
      min_ = rtt;
      has_sample_ = true;
    } else {
      const Duration error = rtt > srtt_ ? rtt - srtt_ : srtt_ - rtt;
      variation_ += (error - variation_) / 4;
      srtt_ += (rtt - srtt_) / 8;
      min_ = std::min(min_, rtt);
    }
    rto_ = std::clamp(srtt_ + std::max(kGranularity, 4 * variation_), rto_min_, rto_max_);
    backoff_ = 0;  // not before (5.7)
  }
  void back_off() { backoff_ = std::min(backoff_ + 1, 16u); }

  Duration rto() const { return std::min(rto_ * (std::int64_t{1} << backoff_), rto_max_); }
  std::optional<Duration> srtt() const { return has_sample_ ? std::optional(srtt_) : std::nullopt; }
  Duration min() const { return min_; }

  void add_to(Digest& digest) const {
    digest.add(srtt_.count()).add(variation_.count()).add(rto().count()).add(min_.count());
    digest.add(backoff_).add(has_sample_);
  }

 private:
  static constexpr Duration kGranularity = std::chrono::milliseconds{1};

  Duration rto_, rto_min_, rto_max_;
  Duration srtt_{}, variation_{}, min_{};
  std::uint32_t backoff_ = 0;
  bool has_sample_ = false;
};

}  // namespace poise::tcp
