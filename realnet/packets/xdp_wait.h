// What the kernel gives back a moment after its owner has died, as a device's queue.
#pragma once

#include <cerrno>
#include <chrono>
#include <thread>

namespace poise::realnet {

// Tries again for up to a second while the answer is EBUSY: a killed life of the same daemon is
// still being cleared away. Gives the last answer.
template <class Try>
int while_busy(Try attempt) {
  constexpr std::chrono::milliseconds kPause{5};
  for (int tries = 200;; --tries) {
    const int answer = attempt();
    if (answer >= 0 || errno != EBUSY || tries == 0) return answer;
    std::this_thread::sleep_for(kPause);
  }
}

}  // namespace poise::realnet
