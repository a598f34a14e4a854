// How long the other replica takes to answer.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>

#include "model/time.h"

namespace poise::realnet {

// The newest times, and their median: a mean would tell of the few that the scheduler spoilt.
class RoundTrips {
 public:
  void add(Duration taken) { times_[count_++ % kKept] = taken; }
  // Zero: none yet.
  Duration median() const {
    const std::size_t size = std::min(count_, kKept);
    if (size == 0) return {};
    std::array<Duration, kKept> sorted = times_;
    const auto middle = sorted.begin() + static_cast<std::ptrdiff_t>(size / 2);
    std::nth_element(sorted.begin(), middle, sorted.begin() + static_cast<std::ptrdiff_t>(size));
    return *middle;
  }

 private:
  static constexpr std::size_t kKept = 1024;
  std::array<Duration, kKept> times_{};
  std::size_t count_ = 0;
};

}  // namespace poise::realnet
