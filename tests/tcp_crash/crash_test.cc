// A run of N events is run N times, a server dying after each. POISE_CRASH_POINTS asks for more.
#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <iostream>
#include <mutex>
#include <sstream>
#include <thread>

#include "tests/tcp_crash/crash.h"

namespace poise::tcp::testing {
namespace {

#ifdef POISE_SANITIZED
constexpr std::uint64_t kCrashPoints = 10'000;  // looked at ten times as long each
#else
constexpr std::uint64_t kCrashPoints = 100'000;
#endif

std::uint64_t wanted() {
  const char* text = std::getenv("POISE_CRASH_POINTS");
  return text ? std::strtoull(text, nullptr, 10) : kCrashPoints;
}

// Cases in a fixed order: traffic, fault, policy of mirroring, loss, seed; then every event.
Case case_of(std::uint64_t number) {
  Case crash;
  crash.traffic = static_cast<Traffic>(number % 3);
  crash.fault = static_cast<Fault>(1 + number / 3 % (kFaultCount - 1));
  const std::uint64_t round = number / 3 / (kFaultCount - 1);
  crash.mirror = round % 2 == 1;
  crash.loss = round % 3 == 2 ? 0.05 : 0;
  crash.seed = 1 + round;
  return crash;
}

struct Tally {
  std::mutex mutex;
  std::uint64_t points = 0, cases = 0, broken = 0;
  std::vector<std::string> examples;
  std::string story;  // of the first that broke
};

// All events of one case.
void enumerate(Case crash, Tally& tally, const std::atomic<bool>& enough) {
  Case calm = crash;
  calm.fault = Fault::none;
  const std::uint64_t events = run(calm).events;
  for (crash.after = 0; crash.after < events && !enough; ++crash.after) {
    const Outcome outcome = run(crash);
    const std::lock_guard lock(tally.mutex);
    ++tally.points;
    if (outcome.broken.empty()) continue;
    ++tally.broken;
    if (tally.examples.size() < 5)
      tally.examples.push_back(to_string(crash) + ": " + outcome.broken.front());
    if (tally.broken > 1) continue;
    std::ostringstream story;
    (void)run(crash, &story);
    tally.story = story.str();
  }
  const std::lock_guard lock(tally.mutex);
  ++tally.cases;
}

TEST(CrashPoints, BreakNothing) {
  Tally tally;
  std::atomic<std::uint64_t> next = 0;
  std::atomic<bool> enough = false;
  const std::uint64_t goal = wanted();
  const bool shows = std::getenv("POISE_CRASH_POINTS") != nullptr;
  const auto work = [&] {
    while (!enough) {
      enumerate(case_of(next++), tally, enough);
      const std::lock_guard lock(tally.mutex);
      if (tally.points >= goal) enough = true;
      if (shows)
        std::cerr << "\r" << tally.points << " of " << goal << " crash points, " << tally.broken
                  << " broken " << std::flush;
    }
  };
  std::vector<std::thread> threads;
  for (unsigned i = 0; i < std::max(1u, std::thread::hardware_concurrency()); ++i)
    threads.emplace_back(work);
  for (std::thread& thread : threads) thread.join();
  std::cout << tally.points << " crash points in " << tally.cases << " runs, " << tally.broken
            << " broken\n";
  for (const std::string& example : tally.examples) ADD_FAILURE() << example;
  EXPECT_GE(tally.points, goal);
  EXPECT_EQ(tally.broken, 0u) << tally.story;
}

TEST(CrashPoints, RepeatByteForByte) {
  for (std::uint64_t number = 0; number < 60; ++number) {
    Case crash = case_of(number);
    crash.after = 30 + number;
    const Outcome once = run(crash), again = run(crash);
    EXPECT_EQ(once.emitted, again.emitted) << to_string(crash);
    EXPECT_EQ(once.events, again.events) << to_string(crash);
  }
}

// The harness can fail: policies that tell before the standby has it are caught.
TEST(CrashPoints, CatchAPolicyThatTellsTooEarly) {
  std::uint64_t broken = 0;
  for (std::uint64_t after = 0; after < 80; ++after) {
    Case crash{Traffic::echo, Fault::kill_active, CommitPolicy::asynchronous};
    crash.after = after;
    if (!run(crash).broken.empty()) ++broken;
  }
  EXPECT_GT(broken, 0u);
}

}  // namespace
}  // namespace poise::tcp::testing
