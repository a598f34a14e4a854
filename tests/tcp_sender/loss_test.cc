// Whatever is lost, and however a sender is configured: every run ends, within the laws of sending.
#include <gtest/gtest.h>

#include "tests/tcp_sender/path.h"

namespace poise::tcp {
namespace {

using namespace std::chrono_literals;

PathPlan plan_of(std::uint64_t seed) {
  Rng rng(seed, 7);
  PathPlan plan;
  plan.seed = seed;
  plan.sender.congestion = rng.below(2) ? CongestionControl::cubic : CongestionControl::newreno;
  plan.sender.rack_tlp = rng.below(2);
  plan.sender.prr = rng.below(2);
  plan.sack = rng.below(3) > 0;
  plan.timestamps = rng.below(2);
  plan.bytes = 1 + rng.below(400'000);
  plan.window = 1 + rng.below(200'000);
  plan.queue = 3'000 + rng.below(100'000);
  plan.rate = 1e5 + rng.uniform() * 1e7;
  plan.delay = Duration{static_cast<std::int64_t>(rng.below(80'000'000))};
  plan.mss = 64 + static_cast<std::uint32_t>(rng.below(1400));
  plan.loss = rng.below(2) ? 0.3 * rng.uniform() : 0.03 * rng.uniform();
  plan.loss_back = rng.below(2) ? 0.2 * rng.uniform() : 0;
  plan.late = rng.below(2) ? 0.2 * rng.uniform() : 0;
  plan.late_max = Duration{1 + static_cast<std::int64_t>(rng.below(200'000'000))};
  plan.acknowledge_every = 1 + static_cast<std::uint32_t>(rng.below(3));
  return plan;
}

TEST(Sender, EndsWhateverIsLostAndKeepsToItsWindows) {
  for (std::uint64_t seed = 1; seed <= 4000; ++seed) {
    Path path(plan_of(seed));
    path.run();
    ASSERT_TRUE(path.done()) << path.story();
    ASSERT_TRUE(path.broken().empty()) << path.broken().front() << "; " << path.story();
  }
}

TEST(Sender, IsTheSameTwice) {
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    Path one(plan_of(seed)), two(plan_of(seed));
    one.run();
    two.run();
    Digest a, b;
    one.sender().add_to(a);
    two.sender().add_to(b);
    ASSERT_EQ(a.value(), b.value()) << seed;
    ASSERT_EQ(one.sent(), two.sent()) << seed;
  }
}

}  // namespace
}  // namespace poise::tcp
