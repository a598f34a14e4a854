// The Maglev paper's ground truth: Fig. 11 (evenness) and Fig. 12 (resilience to failures).
#include "model/analysis/disruption.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "model/analysis/statistics.h"

namespace poise::analysis {
namespace {

// The sanitizers make a table twenty times as slow; what they show does not hang on repeats.
#ifdef POISE_SANITIZED
constexpr std::uint32_t kPatience = 10;
#else
constexpr std::uint32_t kPatience = 1;
#endif

Interval percent(const std::vector<Change>& changes, double Change::*member) {
  std::vector<double> values;
  for (const Change& change : changes) values.push_back(100 * change.*member);
  return mean_interval(values);
}

TEST(ChangeBetween, CountsWhatMovedAndWhatMovedWithoutNeed) {
  const std::vector<BackendIndex> before{0, 0, 1, 1, 2, 2}, after{0, 2, 2, 0, 2, 2}, failed{1};
  const Change change = change_between(before, after, failed);
  EXPECT_DOUBLE_EQ(change.changed, 3.0 / 6);
  EXPECT_DOUBLE_EQ(change.excess, 1.0 / 6);
}

TEST(MaxOverMean, OfKnownLoads) {
  const std::vector<std::uint32_t> loads{1, 2, 3, 6};
  EXPECT_DOUBLE_EQ(max_over_mean(loads), 2.0);
}

struct Failures {
  std::uint32_t failures;
  double changed, excess;  // percent of 65,537 entries, 1,000 backends, 200 repeats
};

class Figure12 : public testing::TestWithParam<Failures> {};

TEST_P(Figure12, IsWithinTwoHundredthsOfAPoint) {
  const Failures& row = GetParam();
  const auto changes = disruption(
      {.policy = {.kind = "maglev"}, .failures = row.failures, .repeats = 200 / kPatience});
  const Interval changed = percent(changes, &Change::changed);
  const Interval excess = percent(changes, &Change::excess);
  if (kPatience == 1) {
    EXPECT_LT(excess.half_width(), 0.015) << "too few repeats for the claim";
  }
  EXPECT_NEAR(excess.mean, row.excess, 0.02 * kPatience);
  EXPECT_NEAR(changed.mean, row.changed, 0.02 * kPatience);
}

INSTANTIATE_TEST_SUITE_P(Paper, Figure12,
                         testing::Values(Failures{1, 0.677, 0.577}, Failures{2, 1.189, 0.988},
                                         Failures{5, 2.309, 1.809}, Failures{10, 3.336, 2.336},
                                         Failures{15, 3.801, 2.301}, Failures{20, 4.654, 2.654},
                                         Failures{50, 8.255, 3.254}, Failures{100, 13.548, 3.548}),
                         [](const auto& row) {
                           return std::to_string(row.param.failures) + "_failures";
                         });

TEST(Disruption, OfASingleRemovalIsAsKnown) {
  const std::uint32_t backends[] = {3, 10, 50, 100, 400, 1000};
  struct Row {
    std::uint32_t size;
    double excess[6];  // percent; 0: not known
  };
  for (const Row& row :
       {Row{251, {1.06, 5.20, 5.61, 3.90, 0, 0}}, Row{1021, {0.53, 2.38, 4.91, 3.40, 1.47, 0}},
        Row{4093, {0.16, 1.08, 2.32, 2.98, 1.29, 0.63}},
        Row{16381, {0.11, 0.50, 1.02, 1.34, 1.19, 0.60}},
        Row{65537, {0.03, 0.24, 0.44, 0.56, 0.96, 0.58}},
        Row{131071, {0.01, 0.16, 0.30, 0.36, 0.60, 0.55}}}) {
    const std::uint32_t repeats = (row.size <= 16381 ? 200 : 40) / kPatience;
    for (int i = 0; i < 6; ++i) {
      if (row.excess[i] == 0) continue;
      const auto changes = disruption({.policy = {.kind = "maglev", .table_size = row.size},
                                       .backends = backends[i],
                                       .repeats = repeats});
      std::vector<double> excess;
      for (const Change& change : changes) excess.push_back(100 * change.excess);
      // The known value is the mean of 20 seeds or more, rounded: it has a standard error too.
      const double deviation = standard_deviation(excess);
      const double error = deviation * std::sqrt(1.0 / repeats + 1.0 / 20);
      EXPECT_NEAR(mean_interval(excess).mean, row.excess[i], 3 * error + 0.005)
          << row.size << " entries, " << backends[i] << " backends";
    }
  }
}

TEST(Disruption, OfPoliciesWithoutExcessIsTheLeaversShare) {
  for (const char* kind : {"rendezvous", "ring"}) {
    const auto changes = disruption({.policy = {.kind = kind},
                                     .backends = 50,
                                     .failures = 5,
                                     .repeats = 10,
                                     .flow_count = 20000});
    for (const Change& change : changes) EXPECT_EQ(change.excess, 0.0) << kind;
    EXPECT_NEAR(percent(changes, &Change::changed).mean, 10.0, 3.0) << kind;
  }
}

TEST(Disruption, OfHashModNIsNearlyEverything) {
  const auto changes =
      disruption({.policy = {.kind = "hash_mod_n"}, .backends = 10, .repeats = 10});
  EXPECT_NEAR(percent(changes, &Change::changed).mean, 90.0, 0.5);  // (N - 1) / N
}

TEST(Disruption, OfJumpMovesWhatStandsBehindTheLeaver) {
  // A leaver at a random place of N: it leaves the last bucket to be dissolved, and all behind move
  // up.
  const auto changes =
      disruption({.policy = {.kind = "jump"}, .backends = 100, .repeats = 200, .flow_count = 5000});
  EXPECT_NEAR(percent(changes, &Change::changed).mean, 50.5, 6.0);
}

TEST(Disruption, RefusesWhatCannotBeAsked) {
  EXPECT_THROW(disruption({.policy = {.kind = "random"}}), std::invalid_argument);
  EXPECT_THROW(disruption({.backends = 5, .failures = 5}), std::invalid_argument);
  EXPECT_THROW(disruption({.policy = {.table_size = 65536}}), std::invalid_argument);
}

TEST(Figure11, MaglevIsEvenToOneEntry) {
  EXPECT_NEAR(100 * overprovision({.policy = {.kind = "maglev"}, .repeats = 1})[0], 0.71, 0.005);
  EXPECT_NEAR(
      100 * overprovision({.policy = {.kind = "maglev", .table_size = 655373}, .repeats = 1})[0],
      0.096, 0.0005);
}

TEST(Figure11, RendezvousIsAsUnevenAsChance) {
  const auto small =
      overprovision({.policy = {.kind = "rendezvous"}, .repeats = std::max(2u, 10 / kPatience)});
  for (const double value : small) {  // one draw of the paper: 49.5 %
    EXPECT_GT(value, 0.30);
    EXPECT_LT(value, 0.56);
  }
  EXPECT_NEAR(mean_interval(small).mean, 0.411, 0.06);
  const auto large = overprovision({.policy = {.kind = "rendezvous"},
                                    .repeats = std::max(1u, 2 / kPatience),
                                    .flow_count = 655373});
  EXPECT_NEAR(mean_interval(large).mean, 0.124, 0.015);  // the paper: 12.3 %
}

TEST(Figure11, KargerIsInBetween) {
  const auto small = overprovision({.policy = {.kind = "karger"}, .repeats = 20});
  EXPECT_NEAR(mean_interval(small).mean, 0.294, 0.025);  // the paper: 29.7 %
  const auto large =
      overprovision({.policy = {.kind = "karger"}, .repeats = 10, .flow_count = 655373});
  EXPECT_NEAR(mean_interval(large).mean, 0.114, 0.015);  // the paper: 10.3 %
}

}  // namespace
}  // namespace poise::analysis
