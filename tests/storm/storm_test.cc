// Many storms, each run twice: no invariant breaks, and the second is equal to the first.
#include <gtest/gtest.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "tests/storm/storm.h"

namespace poise::storm {
namespace {

volatile std::sig_atomic_t current_seed = 0;

// A machine that aborts takes the test along; the seed must be known all the same.
extern "C" void say_seed(int) {
  std::fprintf(stderr, "aborted in the storm of seed %ld\n", static_cast<long>(current_seed));
}

std::uint64_t environment(const char* name, std::uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text ? std::strtoull(text, nullptr, 10) : otherwise;
}

std::string how_to_see_it_again(std::uint64_t seed) {
  return "seed " + std::to_string(seed) +
         "; again with: POISE_STORM_FIRST=" + std::to_string(seed) +
         " POISE_STORM_SEEDS=1 build/fast/tests/storm/test_storm";
}

TEST(Storm, BreaksNoInvariantAndRepeatsItself) {
  std::signal(SIGABRT, say_seed);
  const std::uint64_t first = environment("POISE_STORM_FIRST", 1);
  const std::uint64_t count = environment("POISE_STORM_SEEDS", POISE_STORM_SEEDS_DEFAULT);
  ASSERT_GT(count, 0u);
  std::uint64_t packets = 0;
  for (std::uint64_t seed = first; seed < first + count; ++seed) {
    current_seed = static_cast<std::sig_atomic_t>(seed);
    const Outcome outcome = run(seed);
    packets += outcome.packets;
    if (!outcome.failures.empty()) {
      std::string talk;
      for (const std::string& line : run(seed, true).talk) talk += line + "\n";
      FAIL() << outcome.failures.size() << " failures, the first: " << outcome.failures[0] << "\n"
             << how_to_see_it_again(seed) << "\n"
             << talk;
    }
    ASSERT_EQ(run(seed).digest, outcome.digest) << "two runs differ\n" << how_to_see_it_again(seed);
  }
  RecordProperty("packets", static_cast<int>(packets));
  std::printf("%llu storms, %llu packets\n", static_cast<unsigned long long>(count),
              static_cast<unsigned long long>(packets));
  EXPECT_GT(packets, count * 100);
}

}  // namespace
}  // namespace poise::storm
