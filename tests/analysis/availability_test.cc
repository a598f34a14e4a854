// The Markov chain of a service against closed forms and against simulation.
#include "model/analysis/availability.h"

#include <gtest/gtest.h>

#include <stdexcept>
#include <string>

namespace poise::analysis {
namespace {

constexpr double kYear = 365.25 * 86400;

void expect_close(double value, double expected, double relative, const std::string& what) {
  EXPECT_NEAR(value, expected, relative * std::abs(expected)) << what;
}

TEST(Availability, OfOneServerIsItsTimeToFailureOverItsCycle) {
  const Service one{
      .servers = 1, .needed = 1, .time_to_failure_s = 1000, .detection_s = 30, .repair_s = 200};
  const Availability a = availability(one);
  EXPECT_NEAR(a.availability, 1000.0 / 1230, 1e-14);
  EXPECT_NEAR(a.outage_s, 230, 1e-9);
  EXPECT_NEAR(a.time_to_first_outage_s, 1000, 1e-9);
  expect_close(a.outages_per_year, kYear / 1230, 1e-12, "outages");
  // While unnoticed all requests are lost, and while in repair there is nobody to ask.
  EXPECT_NEAR(a.lost_requests, 230.0 / 1230, 1e-14);
}

TEST(Availability, MatchesTheClosedFormWithACrewForEveryone) {
  for (const std::uint32_t servers : {1u, 2u, 3u, 5u, 12u, 40u})
    for (const double detection_s : {0.35, 30.0, 5000.0})
      for (std::uint32_t needed = 1; needed <= servers; needed += 1 + servers / 4) {
        const Service s{.servers = servers,
                        .needed = needed,
                        .time_to_failure_s = 5e4,
                        .detection_s = detection_s,
                        .repair_s = 3600};
        const Availability chain = availability(s), closed = availability_in_closed_form(s);
        const std::string what = std::to_string(needed) + " of " + std::to_string(servers);
        expect_close(chain.availability, closed.availability, 1e-12, what);
        expect_close(chain.lost_requests, closed.lost_requests, 1e-9, what);
        expect_close(chain.working_servers, closed.working_servers, 1e-12, what);
        expect_close(chain.outages_per_year, closed.outages_per_year, 1e-7, what);
        expect_close(chain.outage_s, closed.outage_s, 1e-7, what);
      }
}

TEST(Availability, FirstOutageOfASeriesIsTheFirstFailure) {
  const Service s{
      .servers = 8, .needed = 8, .time_to_failure_s = 8e5, .detection_s = 5, .repair_s = 60};
  expect_close(availability(s).time_to_first_outage_s, 1e5, 1e-12, "8 of 8");
}

TEST(Availability, FirstOutageOfAPairIsAsInTheTextbook) {
  // 1 of 2 with failure rate l and repair rate m, noticed at once: (3 l + m) / (2 l^2).
  const double l = 1e-4, m = 1e-2;
  const Service s{.servers = 2,
                  .needed = 1,
                  .time_to_failure_s = 1 / l,
                  .detection_s = 1e-6,
                  .repair_s = 1 / m};
  expect_close(availability(s).time_to_first_outage_s, (3 * l + m) / (2 * l * l), 1e-6, "1 of 2");
}

TEST(Availability, OneCrewForAPairIsAsInTheTextbook) {
  // Birth and death: weights 1, 2r, 2r^2 with r = repair / failure.
  const double r = 0.05;
  const Service s{.servers = 2,
                  .needed = 1,
                  .time_to_failure_s = 1000,
                  .detection_s = 1e-7,
                  .repair_s = 1000 * r,
                  .repair_crews = 1};
  expect_close(1 - availability(s).availability, 2 * r * r / (1 + 2 * r + 2 * r * r), 1e-5,
               "one crew");
}

TEST(Availability, FasterDetectionLosesFewerRequestsInProportion) {
  Service s{
      .servers = 12, .needed = 9, .time_to_failure_s = 1e6, .detection_s = 1, .repair_s = 3600};
  const double slow = availability(s).lost_requests;
  s.detection_s = 0.1;
  expect_close(availability(s).lost_requests, slow / 10, 1e-4, "a tenth");
}

TEST(Availability, OfManyServersStaysExact) {
  const Service s{
      .servers = 100, .needed = 90, .time_to_failure_s = 1e6, .detection_s = 10, .repair_s = 3600};
  const Availability chain = availability(s), closed = availability_in_closed_form(s);
  expect_close(chain.outages_per_year, closed.outages_per_year, 1e-6, "100 servers");
}

TEST(Availability, RefusesNonsenseByName) {
  const auto complaint = [](const Service& service) -> std::string {
    try {
      (void)availability(service);
    } catch (const std::invalid_argument& error) {
      return error.what();
    }
    return "";
  };
  EXPECT_EQ(complaint({.servers = 0}), "servers is 0; allowed: 1 to 200");
  EXPECT_EQ(complaint({.servers = 3, .needed = 4}), "needed is 4; allowed: 1 to servers (3)");
  EXPECT_EQ(complaint({.repair_s = -1}), "repair_s is -1.000000; allowed: more than 0 seconds");
}

TEST(Availability, HasNoClosedFormWhenServersWaitForACrew) {
  EXPECT_THROW((void)availability_in_closed_form({.servers = 3, .repair_crews = 1}),
               std::invalid_argument);
}

// Intervals of 95 % fail one time in twenty: of 12 with fixed seeds two may.
TEST(AvailabilitySimulation, HoldsTheChainInItsIntervals) {
  int missed = 0;
  for (std::uint64_t seed = 1; seed <= 4; ++seed) {
    const Service s{.servers = 5,
                    .needed = 4,
                    .time_to_failure_s = 2e4,
                    .detection_s = 50,
                    .repair_s = 3600,
                    .repair_crews = seed % 2 ? 0u : 1u};
    const Availability chain = availability(s);
    const AvailabilityEstimate run = simulate_availability(s, {.duration_s = 3e8, .seed = seed});
    missed += !run.availability.contains(chain.availability);
    missed += !run.lost_requests.contains(chain.lost_requests);
    missed += !run.working_servers.contains(chain.working_servers);
    EXPECT_LT(run.availability.half_width(), 0.01);
    EXPECT_LT(run.lost_requests.half_width(), 0.001);
    EXPECT_NEAR(static_cast<double>(run.outages), chain.outages_per_year * 3e8 / kYear,
                0.05 * chain.outages_per_year * 3e8 / kYear);
  }
  EXPECT_LE(missed, 2);
}

TEST(AvailabilitySimulation, FixedDetectionChangesNoShareOfTime) {
  const Service s{
      .servers = 3, .needed = 2, .time_to_failure_s = 1e4, .detection_s = 500, .repair_s = 500};
  const AvailabilityEstimate run =
      simulate_availability(s, {.duration_s = 3e8, .detection = DetectionLaw::fixed, .seed = 5});
  const Availability chain = availability(s);
  EXPECT_TRUE(run.availability.contains(chain.availability));
  EXPECT_TRUE(run.lost_requests.contains(chain.lost_requests));
}

TEST(AvailabilitySimulation, RepeatsItselfBySeed) {
  const Service s;
  const AvailabilityEstimate a = simulate_availability(s, {.seed = 7}),
                             b = simulate_availability(s, {.seed = 7});
  EXPECT_EQ(a.availability.mean, b.availability.mean);
  EXPECT_EQ(a.events, b.events);
  EXPECT_NE(a.events, simulate_availability(s, {.seed = 8}).events);
}

}  // namespace
}  // namespace poise::analysis
