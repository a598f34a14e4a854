// Time as an argument: durations and instants in whole nanoseconds, and no way to ask for "now".
#pragma once

#include <chrono>
#include <cstdint>

namespace poise {

using Duration = std::chrono::nanoseconds;

// The clock of every machine. It has no now(): the time is the first argument of every event,
// counted from an origin that the world chose, and never runs backwards.
struct Clock {
  using duration = Duration;
  using rep = duration::rep;
  using period = duration::period;
  using time_point = std::chrono::time_point<Clock>;
  static constexpr bool is_steady = true;
};

using Instant = Clock::time_point;

// "No deadline": later than any instant a world reaches (292 years).
inline constexpr Instant kNever = Instant::max();

constexpr std::int64_t to_ns(Instant instant) {
  return instant.time_since_epoch().count();
}
constexpr Instant instant_from_ns(std::int64_t ns) {
  return Instant{Duration{ns}};
}
constexpr double to_seconds(Duration duration) {
  return static_cast<double>(duration.count()) * 1e-9;
}
constexpr double to_seconds(Instant instant) {
  return to_seconds(instant.time_since_epoch());
}

// Rounds to the nearest nanosecond. REQUIRES: |seconds| < 9.2e9.
constexpr Duration from_seconds(double seconds) {
  return Duration{static_cast<std::int64_t>(seconds * 1e9 + (seconds < 0 ? -0.5 : 0.5))};
}

}  // namespace poise
