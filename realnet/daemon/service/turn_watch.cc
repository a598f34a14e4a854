// Whether threads whose loops never end still turn.
#include "realnet/daemon/service/turn_watch.h"

#include <algorithm>

namespace poise::realnet {

namespace {

// More than that between two looks is time in which the looking stood still too, and maybe all of
// the machine: nobody's fault.
constexpr Duration kLookMax = std::chrono::seconds{1};

}  // namespace

void TurnWatch::look(Instant now, std::span<const std::uint64_t> turns) {
  const Duration passed = std::min(now - looked_.value_or(now), kLookMax);
  looked_ = now;
  threads_.resize(turns.size());
  for (std::size_t i = 0; i < turns.size(); ++i) {
    Thread& thread = threads_[i];
    thread.still = turns[i] == thread.turns ? thread.still + passed : Duration{};
    thread.turns = turns[i];
  }
}

std::string TurnWatch::standing() const {
  for (std::size_t i = 0; i < threads_.size(); ++i)
    if (threads_[i].still >= kPatience)
      return "the thread of queue " + std::to_string(i) + " has stood still for " +
             std::to_string(std::chrono::floor<std::chrono::seconds>(threads_[i].still).count()) +
             " s";
  return {};
}

}  // namespace poise::realnet
