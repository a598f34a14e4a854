// What theory says of a window: CUBIC's curve, Reno's sawtooth, a full link.
#include <gtest/gtest.h>

#include <cmath>

#include "model/tcp/sender/congestion.h"
#include "tests/tcp_sender/path.h"

namespace poise::tcp {
namespace {

using namespace std::chrono_literals;

TEST(CubeRoot, IsExactToTheLastBits) {
  EXPECT_EQ(cube_root(0), 0);
  EXPECT_EQ(cube_root(27), 3);
  for (double x = 1e-9; x < 1e15; x *= 1.7) EXPECT_NEAR(cube_root(x) / std::cbrt(x), 1, 1e-14);
}

// RFC 9438, 4.2: after a loss at W the window is C (t - K)^3 + W, with K = cbrt(W (1 - beta) / C).
TEST(Cubic, FollowsTheClosedFormAfterALoss) {
  const std::uint32_t mss = 1000;
  const Duration rtt = 100ms;
  Congestion window(CongestionControl::cubic, mss, 1000);
  window.on_acknowledged(Instant{} + 1s, 460'000, 1'000'000, rtt);
  const double top = static_cast<double>(window.window()) / mss;
  window.on_congestion(window.window());
  const double k = std::cbrt(top * 0.3 / 0.4);
  Instant now = Instant{} + 2s;
  double largest = 0;
  for (int round = 0; round < 200; ++round, now += rtt) {
    const double t = to_seconds(now - (Instant{} + 2s));
    const double closed = 0.4 * std::pow(t - k, 3) + top;
    const double had = static_cast<double>(window.window()) / mss;
    if (round > 1) largest = std::max(largest, std::abs(had - closed) / closed);
    const std::uint64_t used = window.window();
    for (std::uint64_t acked = 0; acked < used; acked += mss)
      window.on_acknowledged(now + Duration{rtt.count() * static_cast<std::int64_t>(acked) /
                                            static_cast<std::int64_t>(used)},
                             mss, window.window(), rtt);
  }
  EXPECT_LT(largest, 0.02);
}

// 4.3: where CUBIC would be slower than Reno, it grows as Reno does with its larger beta.
TEST(Cubic, IsNoSlowerThanRenoOnAShortPath) {
  const std::uint32_t mss = 1000;
  const Duration rtt = 1ms;
  Congestion window(CongestionControl::cubic, mss, 100);
  window.on_congestion(window.window());
  const double begin = static_cast<double>(window.window()) / mss;
  Instant now = Instant{} + 1s;
  const int rounds = 40;
  for (int round = 0; round < rounds; ++round, now += rtt) {
    const std::uint64_t used = window.window();
    for (std::uint64_t acked = 0; acked < used; acked += mss)
      window.on_acknowledged(now, mss, window.window(), rtt);
  }
  const double alpha = 3 * 0.3 / 1.7;
  EXPECT_NEAR(static_cast<double>(window.window()) / mss, begin + alpha * rounds, 1.5);
}

// 4.7: a flow that lost before it was back leaves room for others.
TEST(Cubic, ConvergesFastWhenItLosesBelowItsLastTop) {
  Cubic curve;
  curve.on_congestion(100);
  curve.on_congestion(80);
  (void)curve.growth(Instant{} + 1s, 56, 1, 10ms);
  EXPECT_NEAR(curve.at(curve.k()), 80 * 1.7 / 2, 1e-9);
}

// 4.8: after a timeout the curve begins where avoidance begins.
TEST(Cubic, StartsAnewAfterATimeout) {
  Cubic curve;
  curve.on_congestion(100);
  curve.on_timeout();
  (void)curve.growth(Instant{} + 1s, 70, 1, 10ms);
  EXPECT_EQ(curve.k(), 0);
  EXPECT_EQ(curve.at(0), 70);
}

TEST(NewReno, AddsOneSegmentARoundTripInAvoidance) {
  const std::uint32_t mss = 1000;
  Congestion window(CongestionControl::newreno, mss, 20);
  window.on_congestion(window.window());
  const std::uint64_t begin = window.window();
  for (int round = 1; round <= 50; ++round) {
    const std::uint64_t used = window.window();
    for (std::uint64_t acked = 0; acked < used; acked += mss)
      window.on_acknowledged(Instant{} + 1s, mss, window.window(), 10ms);
    EXPECT_EQ(window.window(), begin + static_cast<std::uint64_t>(round) * mss);
  }
}

// Mathis et al. 1997: with every n-th segment lost, p = 1/n, the mean window is sqrt(3 / (2 p)).
TEST(NewReno, KeepsTheMeanWindowOfTheSawtooth) {
  for (const std::uint64_t n : {400u, 1600u, 6400u}) {
    PathPlan plan;
    plan.sender.congestion = CongestionControl::newreno;
    plan.rate = 1e9;
    plan.queue = 1 << 30;
    plan.window = 1 << 28;
    plan.delay = 50ms;
    plan.acknowledge_every = 1;
    plan.bytes = 60 * n * plan.mss;
    plan.drops = [n](std::uint64_t count, Range) { return count % n == n - 1; };
    Path path(plan);
    path.run();
    ASSERT_TRUE(path.done());
    const double window = path.goodput() * 0.1 / plan.mss;
    const double closed = std::sqrt(1.5 * static_cast<double>(n));
    EXPECT_NEAR(window / closed, 1, 0.12) << n << ": " << path.story();
    EXPECT_EQ(path.sender().counters().timeouts, 0u);
  }
}

TEST(Sender, FillsALinkThatLosesNothing) {
  for (const auto congestion : {CongestionControl::newreno, CongestionControl::cubic}) {
    PathPlan plan;
    plan.sender.congestion = congestion;
    plan.bytes = 100'000'000;
    plan.queue = 500'000;
    plan.window = 600'000;
    Path path(plan);
    path.run();
    const double net = plan.rate * plan.mss / (plan.mss + 52);
    EXPECT_GT(path.goodput(), 0.97 * net) << path.story();
    EXPECT_EQ(path.sender().counters().retransmitted, 0u);
  }
}

TEST(Sender, SharesALinkWithItsOwnQueueAndKeepsItBusy) {
  for (const auto congestion : {CongestionControl::newreno, CongestionControl::cubic}) {
    PathPlan plan;
    plan.sender.congestion = congestion;
    plan.bytes = 100'000'000;
    plan.queue = 250'000;  // the product of bandwidth and delay
    Path path(plan);
    path.run();
    const double net = plan.rate * plan.mss / (plan.mss + 52);
    EXPECT_GT(path.goodput(), 0.9 * net) << path.story();
    EXPECT_EQ(path.sender().counters().timeouts, 0u) << path.story();
  }
}

}  // namespace
}  // namespace poise::tcp
