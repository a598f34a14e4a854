// The times of a takeover are those of the newest one, counted from the active's last word.
#include "realnet/tcp/takeover_times.h"

#include <gtest/gtest.h>

#include "realnet/tcp/round_trips.h"

namespace poise::realnet {
namespace {

using Step = TakeoverTimes::Step;
using namespace std::chrono_literals;

constexpr Instant at(Duration since) {
  return instant_from_ns(1'000'000'000) + since;
}

TEST(TakeoverTimes, CountFromTheLastWord) {
  TakeoverTimes times;
  times.heard(at(0ms));
  times.heard(at(5ms));
  times.note(Step::lost, at(6ms));
  times.note(Step::asked, at(12ms));
  times.note(Step::asked, at(14ms));  // it asks again; the first time counts
  times.note(Step::won, at(15ms));
  EXPECT_TRUE(times.awaits(Step::announced));
  times.note(Step::answered, at(20ms));
  EXPECT_EQ(times.text(), "lost 1.00 asked 7.00 won 10.00 answered 15.00 ms after its last word");
}

TEST(TakeoverTimes, SayNothingOfAReplicaThatBeganWithoutAnActive) {
  TakeoverTimes times;
  times.note(Step::won, at(1ms));
  EXPECT_FALSE(times.awaits(Step::announced));
}

TEST(TakeoverTimes, BeginAnewWhenTheActiveIsHeardAgain) {
  TakeoverTimes times;
  times.heard(at(0ms));
  times.note(Step::asked, at(1ms));
  times.heard(at(2ms));
  EXPECT_FALSE(times.awaits(Step::won));
  times.note(Step::won, at(3ms));
  EXPECT_EQ(times.text(), "won 1.00 ms after its last word");
}

TEST(RoundTrips, TellTheMedianOfTheNewest) {
  RoundTrips trips;
  EXPECT_EQ(trips.median(), 0ms);
  for (const Duration taken : {1ms, 9ms, 2ms}) trips.add(taken);
  EXPECT_EQ(trips.median(), 2ms);
  for (int i = 0; i < 1024; ++i) trips.add(7ms);
  EXPECT_EQ(trips.median(), 7ms);
}

}  // namespace
}  // namespace poise::realnet
