// Virtual time: what happens when, in the order of time and, at one instant, of entry.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <utility>

#include "model/check.h"
#include "model/time.h"

namespace poise::memory {

class Calendar {
 public:
  Instant now() const { return now_; }

  // REQUIRES: at >= now().
  void enter(Instant at, std::function<void()> event) {
    POISE_CHECK(at >= now_);
    events_.emplace(std::pair(at, ++entered_), std::move(event));
  }

  // Does what is due up to and at `until`, and leaves the time there.
  void run_until(Instant until) {
    while (!events_.empty() && events_.begin()->first.first <= until) {
      auto first = events_.extract(events_.begin());
      now_ = first.key().first;
      first.mapped()();
    }
    now_ = until;
  }

  Instant next() const { return events_.empty() ? kNever : events_.begin()->first.first; }

 private:
  std::map<std::pair<Instant, std::uint64_t>, std::function<void()>> events_;
  std::uint64_t entered_ = 0;
  Instant now_{};
};

}  // namespace poise::memory
