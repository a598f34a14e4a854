// Never two that may emit: all orders of events within bounds; and each rule is needed for it.
#include "tests/tcp_replication/right_to_speak.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <span>

namespace poise::tcp {
namespace {

std::string text(const Finding& finding) {
  std::string text = finding.violation + " after:\n";
  for (const std::string& step : finding.path) text += "  " + step + "\n";
  return text;
}

// The worst for a lease that a slow clock counts and fast ones promise, its opposite, and none.
constexpr std::array<int, 3> kRates[] = {{4, 5, 5}, {5, 4, 4}, {5, 5, 5}};

// POISE_DEEP=1: a tick and a claim more, millions of states.
void expect_safe(Bounds bounds, std::span<const std::array<int, 3>> all_rates) {
  if (std::getenv("POISE_DEEP") != nullptr) {
    bounds.state_count_max = 20'000'000;
    bounds.claims = 2;
    bounds.ticks = 3;
    all_rates = kRates;
  }
  std::size_t states = 0;
  for (const auto& rates : all_rates) {
    const Finding finding = explore({}, bounds, rates);
    EXPECT_EQ(finding.violation, "") << text(finding);
    EXPECT_TRUE(finding.exhausted);
    states += finding.state_count;
  }
  std::printf("%zu states\n", states);
}

void expect_found(const Rules& rules, const Bounds& bounds) {
  Finding finding;
  for (const auto& rates : kRates) {
    finding = explore(rules, bounds, rates);
    if (!finding.violation.empty()) break;
  }
  EXPECT_NE(finding.violation, "");
  std::printf("%zu states; %s", finding.state_count, text(finding).c_str());
}

TEST(RightToSpeak, IsNeverHeldByTwo) {
  expect_safe({.ticks = 2, .claims = 2}, std::span(kRates).first(1));
}
TEST(RightToSpeak, IsNeverHeldByTwoWhenAStreamToTheWitnessBreaks) {
  expect_safe({.ticks = 2, .claims = 1, .stream_breaks = 1}, std::span(kRates).first(1));
}
TEST(RightToSpeak, IsNeverHeldByTwoWhenTheWitnessRestarts) {
  expect_safe({.ticks = 2, .claims = 1, .witness_restarts = 1}, std::span(kRates).first(1));
}
TEST(RightToSpeak, IsNeverHeldByTwoWhenAReplicaRestarts) {
  expect_safe({.ticks = 2, .claims = 1, .replica_restarts = 1}, std::span(kRates).first(1));
}

TEST(RightToSpeak, NeedsADriftInThePromise) {
  expect_found({.promise_counts_drift = false}, {});
}
TEST(RightToSpeak, NeedsALeaseFromTheSendingOfTheHeartbeat) {
  expect_found({.lease_from_sending = false}, {});
}
TEST(RightToSpeak, NeedsAWitnessThatWaits) {
  expect_found({.witness_waits = false}, {});
}
TEST(RightToSpeak, NeedsAStandbyThatWaits) {
  expect_found({.standby_waits = false}, {});
}
TEST(RightToSpeak, NeedsAClaimantThatPromisesNothing) {
  expect_found({.claimant_promises_nothing = false}, {});
}
TEST(RightToSpeak, NeedsTheWitnessToWaitAfterARestart) {
  expect_found({.witness_waits_after_restart = false}, {.witness_restarts = 1});
}
TEST(RightToSpeak, NeedsANewcomerToAskFirst) {
  expect_found({.newcomer_asks_first = false}, {.replica_restarts = 1});
}
TEST(RightToSpeak, NeedsAloneToBeFinal) {
  expect_found({.alone_is_final = false}, {});
}
TEST(RightToSpeak, NeedsAHandoverToSurrender) {
  expect_found({.handover_surrenders = false}, {});
}

}  // namespace
}  // namespace poise::tcp
