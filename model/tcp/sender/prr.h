// Proportional rate reduction: what leaves during a recovery follows what arrives (RFC 9937).
#pragma once

#include <algorithm>
#include <cstdint>

#include "model/hash.h"

namespace poise::tcp {

// All in bytes.
class Prr {
 public:
  // `outstanding`: what was on its way before the acknowledgment that began the recovery.
  void start(std::uint64_t outstanding) { *this = Prr{std::max<std::uint64_t>(outstanding, 1)}; }
  void on_sent(std::uint64_t bytes) { out_ += bytes; }

  struct Step {
    std::uint64_t delivered;  // newly acknowledged or SACKed
    std::uint64_t flight;     // after it
    std::uint64_t threshold;
    std::uint32_t mss;
    bool safe;  // the acknowledgment advanced, and told of no further loss
  };
  // The window after an acknowledgment (RFC 9937, 6.2).
  std::uint64_t window_after(const Step& step) {
    delivered_ += step.delivered;
    std::uint64_t count = 0;
    if (step.flight > step.threshold) {
      const std::uint64_t share = (delivered_ * step.threshold + outstanding_ - 1) / outstanding_;
      count = share > out_ ? share - out_ : 0;
    } else {
      count = std::max(delivered_ > out_ ? delivered_ - out_ : 0, step.delivered);
      if (step.safe) count += step.mss;
      count = std::min(count, step.threshold - step.flight);
    }
    if (out_ == 0) count = std::max<std::uint64_t>(count, step.mss);  // the first may always leave
    return step.flight + count;
  }

  void add_to(Digest& digest) const { digest.add(delivered_).add(out_).add(outstanding_); }

  Prr() = default;

 private:
  explicit Prr(std::uint64_t outstanding) : outstanding_(outstanding) {}

  std::uint64_t delivered_ = 0, out_ = 0, outstanding_ = 1;
};

}  // namespace poise::tcp
