// When a backend's heartbeats mean "lost" and when "returned": silence, and rise and fall of its
// health.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "model/backend_id.h"
#include "model/hash.h"
#include "model/time.h"

namespace poise {

struct HealthRules {
  Duration timeout = std::chrono::milliseconds{350};  // silence after which a backend is lost; > 0
  std::uint32_t fall = 3;  // bad heartbeats in a row that make it lost; >= 1
  std::uint32_t rise = 2;  // good ones in a row that bring it back; >= 1
};

// What a heartbeat changed.
enum class HealthChange : std::uint8_t { none, lost, returned };

// A heartbeat is good when its code is 200 to 299 (HTTP's sense), as Caplance's agents say "HEALTH
// 200".
constexpr bool is_good_health(int code) {
  return code >= 200 && code <= 299;
}

// The health of all watched backends, by index. It only counts and says what changed; the caller
// applies the sign to its BackendSet.
class Health {
 public:
  // Throws std::invalid_argument when a rule is out of bounds.
  Health(const HealthRules& rules, std::uint32_t count_max);

  // Starts to watch; the backend counts as well, and as heard of at `now`, or `grace` (>= 0) later.
  void watch(Instant now, BackendIndex index, Duration grace = {});
  void forget(BackendIndex index);
  bool watches(BackendIndex index) const { return records_[index].watched; }

  // A sign of life with a health code. REQUIRES: watches(index).
  HealthChange on_heartbeat(Instant now, BackendIndex index, int code);
  // A sign of life that says nothing about health: only the silence ends.
  void on_life(Instant now, BackendIndex index);

  // The next well backend, in order of index, that was silent for the timeout by `now`; from then
  // on it is not well, and comes back by rise. Call until empty.
  std::optional<BackendIndex> next_silent(Instant now);
  // No silence is due before this. May be early (a heartbeat came since), never late. O(1).
  // After next_silent(now) returned empty it lies after `now`.
  Instant next_deadline() const { return next_silence_; }

  std::uint64_t digest() const;

 private:
  struct Record {
    Instant heard{};
    std::uint32_t streak = 0;  // heartbeats in a row that speak against `well`
    bool watched = false;
    bool well = true;  // what was last said, by a change or by next_silent
  };

  HealthRules rules_;
  std::vector<Record> records_;
  Instant next_silence_ = kNever;
};

}  // namespace poise
