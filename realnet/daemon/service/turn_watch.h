// Whether threads whose loops never end still turn.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "model/time.h"

namespace poise::realnet {

// Each thread counts the turns of its loop; whoever looks, at least once a second, sees which have
// not counted any further.
class TurnWatch {
 public:
  // How long a loop that turns many times a second may take for one turn.
  static constexpr Duration kPatience = std::chrono::seconds{3};

  // What each thread has counted by now; always the same threads.
  void look(Instant now, std::span<const std::uint64_t> turns);
  // "the thread of queue 1 has stood still for 3 s"; empty: none has for kPatience.
  std::string standing() const;

 private:
  struct Thread {
    std::uint64_t turns = 0;
    Duration still{};
  };
  std::vector<Thread> threads_;
  std::optional<Instant> looked_;
};

}  // namespace poise::realnet
