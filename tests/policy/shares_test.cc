// The laws of shares: how evenly and in which ratio each policy spreads flows.
#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <numeric>

#include "model/policy/fill_table.h"
#include "model/policy/maglev.h"
#include "tests/policy/candidates.h"

namespace poise::policy {
namespace {

std::vector<std::uint16_t> maglev_table(const std::vector<Candidate>& candidates,
                                        std::uint32_t size, std::uint64_t seed = 0) {
  const auto policy = make({.kind = "maglev", .table_size = size, .seed = seed});
  policy->rebuild(candidates);
  const auto table = dynamic_cast<Maglev&>(*policy).table();
  return {table.begin(), table.end()};
}

std::map<BackendIndex, std::uint32_t> slots_of(const std::vector<std::uint16_t>& table) {
  std::map<BackendIndex, std::uint32_t> slots;
  for (const std::uint16_t owner : table) ++slots[owner];
  return slots;
}

TEST(FillTable, EqualBackendsDifferByOneSlotAtMost) {
  for (const std::uint32_t size : {2u, 3u, 7u, 251u, 1021u, 65537u})
    for (const std::size_t count : {1u, 2u, 3u, 10u, 100u, 997u}) {
      const auto slots = slots_of(maglev_table(backends(count), size, count));
      EXPECT_EQ(slots.size(), std::min<std::size_t>(count, size));
      for (const auto& [owner, number] : slots) {
        EXPECT_GE(number, std::max<std::size_t>(1, size / count)) << count << " in " << size;
        EXPECT_LE(number, size / count + 1) << count << " in " << size;
      }
    }
}

TEST(FillTable, FollowsThePapersPseudocode) {
  // The paper's own words: position `next` of the whole permutation, skipping what is taken.
  Rng rng(1);
  for (int round = 0; round < 30; ++round) {
    const std::uint32_t size = round % 2 ? 1021 : 251;
    std::vector<Permutation> permutations(1 + rng.below(60));
    for (Permutation& p : permutations)
      p = {static_cast<std::uint32_t>(rng.below(size)),
           static_cast<std::uint32_t>(1 + rng.below(size - 1))};
    std::vector<std::int32_t> entry(size, -1);
    std::vector<std::uint64_t> next(permutations.size());
    std::uint32_t n = 0;
    for (std::size_t i = 0; n < size; i = (i + 1) % permutations.size()) {
      const auto c = [&] {
        return (permutations[i].offset + next[i] * permutations[i].skip) % size;
      };
      while (entry[c()] >= 0) ++next[i];
      entry[c()] = static_cast<std::int32_t>(i);
      ++next[i];
      ++n;
    }
    const std::vector<std::uint32_t> weights(permutations.size(), 1);
    const auto table = fill_table(permutations, weights, TurnRule::each_round, size);
    ASSERT_TRUE(std::equal(table.begin(), table.end(), entry.begin())) << "round " << round;
  }
}

TEST(FillTable, TurnsFollowTheRulesOfKatranAndEnvoy) {
  // The rules as those balancers state them: with counters, round after round.
  Rng rng(2);
  for (int round = 0; round < 60; ++round) {
    constexpr std::uint32_t kSize = 509;
    const std::size_t count = 1 + rng.below(20);
    std::vector<Permutation> permutations;
    std::vector<std::uint32_t> weights;
    for (std::size_t i = 0; i < count; ++i) {
      permutations.push_back({static_cast<std::uint32_t>(rng.below(kSize)),
                              static_cast<std::uint32_t>(1 + rng.below(kSize - 1))});
      weights.push_back(static_cast<std::uint32_t>(1 + rng.below(9)));
    }
    const std::uint64_t most = *std::max_element(weights.begin(), weights.end());
    for (const TurnRule rule :
         {TurnRule::first_round, TurnRule::accumulate, TurnRule::at_least_one}) {
      std::vector<std::uint16_t> table(kSize, 0xffff);
      std::vector<std::uint32_t> cursor;
      for (const Permutation& p : permutations) cursor.push_back(p.offset);
      std::uint32_t taken = 0;
      // Claims the next free slot for i; nothing once the table is full.
      const auto turn = [&](std::size_t i) {
        if (taken == kSize) return;
        while (table[cursor[i]] != 0xffff) cursor[i] = (cursor[i] + permutations[i].skip) % kSize;
        table[cursor[i]] = static_cast<std::uint16_t>(i);
        ++taken;
      };
      std::vector<std::uint64_t> saved(count);
      const auto iterate = [&](std::uint64_t iteration) {
        for (std::size_t i = 0; i < count; ++i) {
          if (rule == TurnRule::first_round) {
            for (std::uint32_t k = 0; k < (iteration == 1 ? weights[i] : 1); ++k) turn(i);
          } else if (rule == TurnRule::accumulate) {
            if ((saved[i] += weights[i]) < most) continue;
            saved[i] -= most;
            turn(i);
          } else {
            if (iteration * weights[i] < saved[i]) continue;
            saved[i] += most;
            turn(i);
          }
        }
        return taken < kSize;
      };
      for (std::uint64_t iteration = 1; iterate(iteration);) ++iteration;
      ASSERT_EQ(fill_table(permutations, weights, rule, kSize), table)
          << "round " << round << ", rule " << static_cast<int>(rule);
    }
  }
}

TEST(Maglev, InputOrderDoesNotMatterToKatransProfile) {
  std::vector<std::string> names{"10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.0.40"};
  Asked one({.kind = "maglev_katran_v2"}), other({.kind = "maglev_katran_v2"});
  std::vector<Candidate> reversed = candidates_of(names);
  one.rebuild(reversed);
  std::reverse(reversed.begin(), reversed.end());
  other.rebuild(reversed);
  EXPECT_EQ(one.policy().digest(), other.policy().digest());
}

TEST(Maglev, EveryoneHasASlotHoweverLight) {
  std::vector<Candidate> candidates = backends(100);
  for (Candidate& c : candidates) c.weight = c.index == 0 ? 65535 : 1;
  const auto slots = slots_of(maglev_table(candidates, 1021));
  EXPECT_EQ(slots.size(), 100u);
  EXPECT_EQ(slots.at(0), 1021u - 99u);
}

TEST(Maglev, SeedsGiveDifferentTables) {
  const auto a = maglev_table(backends(10), 1021, 1), b = maglev_table(backends(10), 1021, 2);
  int same = 0;
  for (std::size_t i = 0; i < a.size(); ++i) same += a[i] == b[i];
  EXPECT_LT(same, 200) << "a tenth is chance";
}

TEST(Maglev, WholeWeightsInEighthsGiveTheSameTable) {
  std::vector<Candidate> candidates = candidates_of({"a", "b", "c"}, {1, 2, 5});
  const auto whole = maglev_table(candidates, 1021);
  for (Candidate& c : candidates) {
    c.weight *= 8;
    c.weight_unit = 8;
  }
  EXPECT_EQ(maglev_table(candidates, 1021), whole);
}

TEST(SlowStart, WholeWeightsInEighthsMoveNoFlowOfAConsistentPolicy) {
  for (const Entry& entry : catalogue()) {
    if (entry.kind == "maglev_katran_v1") continue;  // its weights are counts, not ratios
    std::vector<Candidate> candidates = candidates_of({"a", "b", "c", "d"}, {1, 2, 5, 1});
    Asked before({.kind = std::string(entry.kind)}), after({.kind = std::string(entry.kind)});
    if (!before.policy().is_consistent()) continue;
    before.rebuild(candidates);
    for (Candidate& c : candidates) {
      c.weight *= 8;
      c.weight_unit = 8;
    }
    after.rebuild(candidates);
    for (std::uint64_t flow = 0; flow < 3000; ++flow)
      ASSERT_EQ(before.choose(mix64(flow)), after.choose(mix64(flow))) << entry.kind;
  }
}

// Flows of every backend out of `count`, each counted as live.
std::vector<std::uint32_t> flows_of(const char* kind, const std::vector<Candidate>& candidates,
                                    int count, std::uint64_t seed) {
  Asked asked({.kind = kind, .virtual_nodes = 1000}, seed);
  asked.rebuild(candidates);
  Rng rng(seed);
  for (int i = 0; i < count; ++i) ++asked.counts()[asked.choose(rng.next())];
  return asked.counts();
}

TEST(Weights, GiveSharesInTheirRatio) {
  struct Row {
    const char* kind;
    double tolerance;  // of a share, relative
  };
  for (const Row& row :
       {Row{"maglev", 0.02}, Row{"maglev_envoy", 0.02}, Row{"maglev_katran_v2", 0.02},
        Row{"rendezvous", 0.02}, Row{"ring", 0.08}, Row{"jump", 0.02}, Row{"hash_mod_n", 0.02},
        Row{"random", 0.02}, Row{"round_robin", 1e-4}, Row{"least_connections", 1e-3},
        Row{"power_of_two", 1e-3}}) {
    const std::vector<std::uint32_t> weights{1, 2, 5, 2};
    const auto flows = flows_of(row.kind, candidates_of({"a", "b", "c", "d"}, weights), 200000, 3);
    for (std::size_t i = 0; i < 4; ++i)
      EXPECT_NEAR(flows[i] / (20000.0 * weights[i]), 1.0, row.tolerance) << row.kind << " " << i;
  }
}

TEST(Rendezvous, LogarithmGivesRareBackendsTheirShare) {
  // One of weight 1 beside 999: the share hangs on the logarithm near 1.
  const auto flows = flows_of("rendezvous", candidates_of({"a", "b"}, {1, 999}), 2000000, 4);
  EXPECT_NEAR(flows[0], 2000, 4 * std::sqrt(2000));
}

TEST(RoundRobin, IsSmooth) {
  Asked asked({.kind = "round_robin"});
  asked.rebuild(candidates_of({"a", "b", "c"}, {5, 1, 1}));
  std::string order;
  for (int i = 0; i < 14; ++i) order += static_cast<char>('a' + asked.choose(0));
  EXPECT_EQ(order, "aabacaaaabacaa");
}

TEST(RoundRobin, WalksEqualBackendsByName) {
  Asked asked({.kind = "round_robin"});
  asked.rebuild(candidates_of({"c", "a", "b"}));
  std::string order;
  for (int i = 0; i < 7; ++i) order += static_cast<char>('0' + asked.choose(0));
  EXPECT_EQ(order, "1201201");
}

TEST(LeastConnections, TakesTheLeastLoadedForItsWeight) {
  Asked asked({.kind = "least_connections"});
  asked.rebuild(candidates_of({"a", "b", "c"}, {1, 2, 4}));
  asked.counts() = {3, 5, 12};  // loads with one more: 4, 3, 3.25
  for (int i = 0; i < 20; ++i) EXPECT_EQ(asked.choose(0), 1);
}

TEST(LeastConnections, FavoursNobodyOnATie) {
  Asked asked({.kind = "least_connections"});
  asked.rebuild(backends(8));
  std::vector<int> flows(8);
  for (int i = 0; i < 8000; ++i) ++flows[asked.choose(0)];
  for (const int count : flows) EXPECT_NEAR(count, 1000, 4 * std::sqrt(1000));
}

TEST(PowerOfTwo, NeverTakesTheMostLoadedOfThree) {
  Asked asked({.kind = "power_of_two"});
  asked.rebuild(backends(3));
  asked.counts() = {5, 9, 7};
  std::vector<int> flows(3);
  for (int i = 0; i < 3000; ++i) ++flows[asked.choose(0)];
  EXPECT_EQ(flows[1], 0);
  EXPECT_NEAR(flows[0], 2000, 150) << "it wins two pairs of three";
}

// Balls into bins, n = 1,000: the mean fullest bin of `runs` runs with `balls` balls.
double fullest(const char* kind, int balls, std::uint64_t runs) {
  double sum = 0;
  for (std::uint64_t run = 0; run < runs; ++run) {
    const auto flows = flows_of(kind, backends(1000), balls, 100 + run);
    sum += *std::max_element(flows.begin(), flows.end());
  }
  return sum / static_cast<double>(runs);
}

TEST(BallsIntoBins, FullestBinsAreAsKnown) {
  EXPECT_NEAR(fullest("random", 1000, 100), 5.35, 0.3);
  EXPECT_NEAR(fullest("power_of_two", 1000, 100), 3.05, 0.1);
  EXPECT_NEAR(fullest("random", 100000, 20) / 100, 1.333, 0.02);
  EXPECT_NEAR(fullest("power_of_two", 100000, 10) / 100, 1.0205, 0.003);
}

}  // namespace
}  // namespace poise::policy
