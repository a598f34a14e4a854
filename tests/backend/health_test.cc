// The laws of health: silence, rise and fall.
#include "model/backend/health.h"

#include <gtest/gtest.h>

#include <stdexcept>

namespace poise {
namespace {

using namespace std::chrono_literals;
constexpr Instant at(Duration d) {
  return Instant{} + d;
}
constexpr HealthRules kRules{.timeout = 300ms, .fall = 3, .rise = 2};

TEST(Health, SilenceForTheTimeoutLosesABackendOnce) {
  Health health(kRules, 4);
  health.watch(at(0ms), 2);
  EXPECT_EQ(health.next_deadline(), at(300ms));
  EXPECT_EQ(health.next_silent(at(299ms)), std::nullopt);
  EXPECT_EQ(health.next_silent(at(300ms)), BackendIndex{2});
  EXPECT_EQ(health.next_silent(at(300ms)), std::nullopt);
  EXPECT_EQ(health.next_deadline(), kNever);
}

TEST(Health, AnySignOfLifeRenewsTheDeadline) {
  Health health(kRules, 4);
  health.watch(at(0ms), 0);
  EXPECT_EQ(health.on_heartbeat(at(100ms), 0, 200), HealthChange::none);
  health.on_life(at(200ms), 0);
  EXPECT_EQ(health.next_silent(at(300ms)), std::nullopt);
  EXPECT_EQ(health.next_deadline(), at(500ms)) << "the deadline moved behind the early wake-up";
  EXPECT_EQ(health.next_silent(at(500ms)), BackendIndex{0});
}

TEST(Health, AllSilentBackendsAreNamedInTheOrderOfTheirIndexes) {
  Health health(kRules, 4);
  for (const BackendIndex i : std::initializer_list<BackendIndex>{3, 1, 0})
    health.watch(at(0ms), i);
  EXPECT_EQ(health.on_heartbeat(at(200ms), 1, 200), HealthChange::none);
  EXPECT_EQ(health.next_silent(at(400ms)), BackendIndex{0});
  EXPECT_EQ(health.next_silent(at(400ms)), BackendIndex{3});
  EXPECT_EQ(health.next_silent(at(400ms)), std::nullopt);
  EXPECT_EQ(health.next_deadline(), at(500ms));
}

TEST(Health, OnlyBadHeartbeatsInARowLoseABackend) {
  Health health(kRules, 1);
  health.watch(at(0ms), 0);
  const int codes[] = {500, 500, 200, 500, 404, 503};
  const HealthChange changes[] = {HealthChange::none, HealthChange::none, HealthChange::none,
                                  HealthChange::none, HealthChange::none, HealthChange::lost};
  for (int i = 0; i < 6; ++i)
    EXPECT_EQ(health.on_heartbeat(at(1ms * i), 0, codes[i]), changes[i]) << i;
}

TEST(Health, GoodHeartbeatsInARowBringItBackAndSilenceCountsAgain) {
  Health health(kRules, 1);
  health.watch(at(0ms), 0);
  EXPECT_EQ(health.next_silent(at(300ms)), BackendIndex{0});
  EXPECT_EQ(health.next_silent(at(300ms)), std::nullopt);
  EXPECT_EQ(health.on_heartbeat(at(400ms), 0, 200), HealthChange::none);
  EXPECT_EQ(health.on_heartbeat(at(500ms), 0, 500), HealthChange::none);
  EXPECT_EQ(health.on_heartbeat(at(600ms), 0, 200), HealthChange::none);
  EXPECT_EQ(health.on_heartbeat(at(700ms), 0, 204), HealthChange::returned);
  EXPECT_EQ(health.next_deadline(), at(1000ms));
  EXPECT_EQ(health.next_silent(at(1000ms)), BackendIndex{0});
}

TEST(Health, AForgottenBackendIsNeverSilent) {
  Health health(kRules, 2);
  health.watch(at(0ms), 1);
  health.forget(1);
  EXPECT_EQ(health.next_silent(at(1h)), std::nullopt);
  EXPECT_EQ(health.next_deadline(), kNever);
}

TEST(Health, RefusesRulesOutOfBounds) {
  EXPECT_THROW(Health({.timeout = 0ns}, 1), std::invalid_argument);
  EXPECT_THROW(Health({.fall = 0}, 1), std::invalid_argument);
  EXPECT_THROW(Health({.rise = 0}, 1), std::invalid_argument);
}

}  // namespace
}  // namespace poise
