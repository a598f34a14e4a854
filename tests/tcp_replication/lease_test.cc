// A lease ends before the promise behind it, whatever the clocks do within their drift.
#include "model/tcp/replication/lease.h"

#include <gtest/gtest.h>

namespace poise::tcp {
namespace {

using namespace std::chrono_literals;

Instant at(Duration duration) {
  return Instant{duration};
}

TEST(Lease, HoldsForItsLengthFromWhenTheHeartbeatWasSent) {
  Lease lease(ReplicationConfig{.lease = 12ms});
  EXPECT_FALSE(lease.holds(at(0ms)));
  lease.granted(at(5ms));
  EXPECT_TRUE(lease.holds(at(5ms)));
  EXPECT_TRUE(lease.holds(at(17ms - 1ns)));
  EXPECT_FALSE(lease.holds(at(17ms)));
}

TEST(Lease, AnOlderAnswerTakesNothingAway) {
  Lease lease(ReplicationConfig{.lease = 12ms});
  lease.granted(at(10ms));
  lease.granted(at(5ms));
  EXPECT_EQ(lease.end(), at(22ms));
}

TEST(Lease, SurrenderedItStaysSo) {
  Lease lease(ReplicationConfig{.lease = 12ms});
  lease.granted(at(5ms));
  lease.surrender();
  EXPECT_FALSE(lease.holds(at(6ms)));
  lease.granted(at(6ms));
  EXPECT_FALSE(lease.holds(at(7ms)));
}

TEST(Promise, PassesALeaseAndTheDriftLater) {
  Promise promise(ReplicationConfig{.lease = 10ms, .drift = 0.001});
  EXPECT_TRUE(promise.passed(at(0ms)));
  promise.granted(at(5ms));
  EXPECT_FALSE(promise.passed(at(15ms + 10us - 1ns)));
  EXPECT_TRUE(promise.passed(at(15ms + 10us)));
}

TEST(Promise, ReleasedItHasPassed) {
  Promise promise(ReplicationConfig{});
  promise.granted(at(5ms));
  promise.released();
  EXPECT_TRUE(promise.passed(at(5ms)));
}

TEST(Promise, OutlastsTheLeaseOfTheSlowestClock) {
  for (const double drift : {0.0, 1e-6, 1e-3, 0.05}) {
    for (const Duration length : {Duration{1}, Duration{7}, Duration{12ms}, Duration{999999937}}) {
      const ReplicationConfig config{.lease = length, .drift = drift};
      Lease lease(config);
      Promise promise(config);
      lease.granted(at(0ms));
      promise.granted(at(0ms));  // delivered at once: the worst case
      // The holder's clock runs slow by the whole drift against the granter's.
      const double holder = to_seconds(promise.end()) * 1e9 / (1 + drift);
      EXPECT_GE(holder * (1 + 1e-15), static_cast<double>(to_ns(lease.end())));
    }
  }
}

}  // namespace
}  // namespace poise::tcp
