// How a sender that took a connection over finds its way: all that may be lost goes first, over
// queues that are shorter than it.
#include <gtest/gtest.h>

#include "tests/tcp_sender/path.h"

namespace poise::tcp {
namespace {

using namespace std::chrono_literals;

struct Repair {
  Duration stall{};  // the longest time without an acknowledgment that advances
  std::uint64_t retransmitted = 0, timeouts = 0;
};

Repair repair(PathPlan plan) {
  Repair result;
  Position una = 1;
  Instant since{};
  plan.on_ack = [&](Instant now, const Sender& sender) {
    if (sender.una() == una) return;
    result.stall = std::max(result.stall, now - since);
    una = sender.una(), since = now;
  };
  Path path(plan);
  path.run();
  EXPECT_TRUE(path.done()) << path.story();
  EXPECT_TRUE(path.broken().empty()) << path.broken().front();
  result.timeouts = path.sender().counters().timeouts;
  result.retransmitted = path.sender().counters().retransmitted;
  return result;
}

// Slow start runs over the queue, and what is lost then was sent by both servers: it is found by
// what arrives behind it, and the window that was too much is taken back.
TEST(Takeover, RepairsInRoundTripsWhatAShortQueueDropped) {
  constexpr auto kRoundTrip = 4ms;
  for (const bool timestamps : {true, false}) {
    for (const int packets : {3, 5, 10, 20, 40, 100}) {
      SCOPED_TRACE(::testing::Message() << packets << " packets, timestamps " << timestamps);
      PathPlan plan;
      plan.rate = 37.5e6;
      plan.delay = kRoundTrip / 2;
      plan.queue = static_cast<std::uint64_t>(packets) * 1500;
      plan.window = plan.taken_over = 256 << 10;
      plan.bytes = 1'000'000;
      plan.timestamps = timestamps;
      const Repair seen = repair(plan);
      EXPECT_EQ(seen.timeouts, 0u);
      EXPECT_LE(seen.stall, 5 * kRoundTrip);
      EXPECT_LE(seen.retransmitted, 3 * plan.taken_over / plan.mss / 2);
    }
  }
}

}  // namespace
}  // namespace poise::tcp
