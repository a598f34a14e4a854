// Steps may be skipped (a pair without a witness asks nobody), never taken back.
#include "realnet/tcp/takeover_times.h"

#include <cstdio>

namespace poise::realnet {

void TakeoverTimes::note(Step step, Instant at) {
  const auto index = static_cast<std::size_t>(step);
  if (heard_at_ == kNever || index < next_) return;
  at_[index] = at;
  next_ = index + 1;
  begun_ = true;
}

void TakeoverTimes::forget() {
  at_ = nothing();
  next_ = 0;
  begun_ = false;
}

std::string TakeoverTimes::text() const {
  constexpr std::array<const char*, kCount> kWords{"lost",      "asked", "won",
                                                   "announced", "spoke", "answered"};
  std::string text;
  for (std::size_t i = 0; i < kCount; ++i) {
    if (at_[i] == kNever) continue;
    char step[40];
    std::snprintf(step, sizeof step, "%s %.2f ", kWords[i], to_seconds(at_[i] - heard_at_) * 1e3);
    text += step;
  }
  return text + "ms after its last word";
}

}  // namespace poise::realnet
