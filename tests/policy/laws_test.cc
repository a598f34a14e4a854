// Laws that every policy of the catalogue obeys, and laws of the consistent ones.
#include <gtest/gtest.h>

#include <set>

#include "tests/golden.h"
#include "tests/policy/candidates.h"

namespace poise::policy {
namespace {

class EveryPolicy : public testing::TestWithParam<std::string> {
 protected:
  Config config() const { return {.kind = GetParam(), .table_size = 1021, .virtual_nodes = 20}; }
};

std::vector<std::string> kinds() {
  std::vector<std::string> names;
  for (const Entry& entry : catalogue()) names.emplace_back(entry.kind);
  return names;
}

// A random subset of `all`, in the order of names, with weights 1 to 4.
std::vector<Candidate> some_of(const std::vector<Candidate>& all, Rng& rng) {
  std::vector<Candidate> some;
  for (Candidate c : all) {
    c.weight = static_cast<std::uint32_t>(1 + rng.below(4));
    if (rng.below(3) != 0) some.push_back(c);
  }
  return some;
}

TEST_P(EveryPolicy, WithoutCandidatesChoosesNobody) {
  Asked asked(config());
  EXPECT_EQ(asked.choose(1), kNoBackend) << "before the first rebuild";
  asked.rebuild(backends(3)).rebuild({});
  EXPECT_EQ(asked.choose(1), kNoBackend) << "after everyone left";
}

TEST_P(EveryPolicy, AnOnlyCandidateGetsEverything) {
  Asked asked(config());
  asked.rebuild({{.index = 7, .weight = 3, .name = "only"}});
  Rng rng(3);
  for (int i = 0; i < 1000; ++i) ASSERT_EQ(asked.choose(rng.next()), 7);
  ASSERT_EQ(asked.choose(0), 7);
  ASSERT_EQ(asked.choose(~std::uint64_t{0}), 7);
}

TEST_P(EveryPolicy, ChoosesOnlyCandidates) {
  Asked asked(config());
  Rng rng(4);
  for (int round = 0; round < 50; ++round) {
    const std::vector<Candidate> some = some_of(backends(20), rng);
    std::set<BackendIndex> members{kNoBackend};
    for (const Candidate& c : some) members.insert(c.index);
    asked.rebuild(some);
    for (int i = 0; i < 200; ++i) {
      const BackendIndex chosen = asked.choose(rng.next());
      ASSERT_TRUE(members.contains(chosen)) << "round " << round << " chose " << chosen;
      ASSERT_EQ(chosen == kNoBackend, some.empty());
      if (!some.empty()) ++asked.counts()[chosen];
    }
  }
}

TEST_P(EveryPolicy, IsAFunctionOfItsCandidatesWhateverHappenedBefore) {
  Asked veteran(config(), 9);
  Rng rng(5);
  for (int round = 0; round < 20; ++round) {
    veteran.rebuild(some_of(backends(30), rng));
    for (int i = 0; i < 10; ++i) veteran.choose(rng.next());
  }
  Asked novice(config(), 9);
  veteran.rebuild(backends(12));
  novice.rebuild(backends(12));
  EXPECT_EQ(veteran.policy().digest(), novice.policy().digest());
}

TEST_P(EveryPolicy, DigestTellsCandidatesApart) {
  Asked asked(config());
  std::set<std::uint64_t> digests;
  asked.rebuild(backends(5));
  digests.insert(asked.policy().digest());
  asked.rebuild(backends(6));
  digests.insert(asked.policy().digest());
  asked.rebuild(without(backends(6), 2));
  digests.insert(asked.policy().digest());
  EXPECT_EQ(digests.size(), 3u);
}

TEST_P(EveryPolicy, EveryCandidateGetsFlows) {
  Asked asked(config());
  asked.rebuild(backends(10));
  std::vector<int> flows(10);
  Rng rng(6);
  for (int i = 0; i < 20000; ++i) {
    const BackendIndex chosen = asked.choose(rng.next());
    ++flows[chosen];
    ++asked.counts()[chosen];
  }
  for (const int count : flows) {
    EXPECT_GT(count, 2000 / 3);
    EXPECT_LT(count, 2000 * 3);
  }
}

TEST_P(EveryPolicy, OfTheConsistentKindIgnoresIndexesCountsAndChance) {
  Asked one(config(), 1), other(config(), 2);
  const std::vector<std::string> names{"a", "b", "c", "d", "e"};
  std::vector<Candidate> renumbered = candidates_of(names);
  for (Candidate& c : renumbered) c.index = static_cast<BackendIndex>(40 - 3 * c.index);
  one.rebuild(candidates_of(names));
  other.rebuild(renumbered);
  Rng rng(7);
  int differ = 0;
  for (int i = 0; i < 2000; ++i) {
    const std::uint64_t flow = rng.next();
    const BackendIndex a = one.choose(flow), b = other.choose(flow);
    differ += 40 - 3 * a != b;
    ++other.counts()[b];
  }
  if (one.policy().is_consistent())
    EXPECT_EQ(differ, 0);
  else
    EXPECT_GT(differ, GetParam() == "round_robin" ? -1 : 500);
}

INSTANTIATE_TEST_SUITE_P(Catalogue, EveryPolicy, testing::ValuesIn(kinds()),
                         [](const auto& kind) { return kind.param; });

// Whose flows move when membership changes: laws of the policies without excess moves.
class NoExcess : public testing::TestWithParam<const char*> {};

TEST_P(NoExcess, ALeaverMovesItsOwnFlowsOnlyAndAJoinerTakesOnlyForItself) {
  Rng rng(8);
  Asked all({.kind = GetParam()}), fewer({.kind = GetParam()});
  for (int round = 0; round < 20; ++round) {
    std::vector<Candidate> members = some_of(backends(30), rng);
    if (members.size() < 2) continue;
    const BackendIndex leaver = members[rng.below(members.size())].index;
    all.rebuild(members);
    fewer.rebuild(without(members, leaver));
    for (int i = 0; i < 500; ++i) {
      const std::uint64_t flow = rng.next();
      const BackendIndex before = all.choose(flow), after = fewer.choose(flow);
      ASSERT_NE(after, leaver);
      if (before != leaver) {
        ASSERT_EQ(after, before) << "round " << round;
      }
    }
  }
}

TEST_P(NoExcess, AGrowingWeightOnlyDrawsFlows) {
  std::vector<Candidate> members = backends(10);
  Asked before({.kind = GetParam()}), after({.kind = GetParam()});
  before.rebuild(members);
  members[4].weight = 3;
  after.rebuild(members);
  Rng rng(9);
  int drawn = 0;
  for (int i = 0; i < 10000; ++i) {
    const std::uint64_t flow = rng.next();
    const BackendIndex a = before.choose(flow), b = after.choose(flow);
    if (a == b) continue;
    ASSERT_EQ(b, members[4].index);
    ++drawn;
  }
  EXPECT_GT(drawn, 500);
}

INSTANTIATE_TEST_SUITE_P(Policies, NoExcess, testing::Values("rendezvous", "ring"));

// How many of `count` flows move when one backend more joins `size`; the joiner is last by name.
double moved_by_a_joiner(const char* kind, int size) {
  std::vector<std::string> names;
  for (int i = 0; i <= size; ++i) names.push_back(std::string(1, static_cast<char>('a' + i)));
  Asked before({.kind = kind}), after({.kind = kind});
  after.rebuild(candidates_of(names));
  names.pop_back();
  before.rebuild(candidates_of(names));
  Rng rng(10);
  int moved = 0;
  constexpr int kFlows = 100000;
  for (int i = 0; i < kFlows; ++i) {
    const std::uint64_t flow = rng.next();
    moved += before.choose(flow) != after.choose(flow);
  }
  return static_cast<double>(moved) / kFlows;
}

TEST(HashModN, AJoinerMovesNOfNPlusOne) {
  for (const int n : {1, 3, 9, 12})
    EXPECT_NEAR(moved_by_a_joiner("hash_mod_n", n), n / (n + 1.0), 0.006);
}

TEST(Jump, AJoinerAtTheEndMovesOneOfNPlusOne) {
  for (const int n : {1, 3, 9, 12}) EXPECT_NEAR(moved_by_a_joiner("jump", n), 1 / (n + 1.0), 0.006);
}

TEST(Maglev, AJoinerMovesLittleMoreThanOneOfNPlusOne) {
  for (const int n : {1, 3, 9, 12}) {
    const double least = 1 / (n + 1.0);
    EXPECT_GT(moved_by_a_joiner("maglev", n), least - 0.006);
    EXPECT_LT(moved_by_a_joiner("maglev", n), least + 0.012);
  }
}

TEST(Catalogue, RefusesAnUnknownKindAndSaysWhatThereIs) {
  try {
    make({.kind = "magelv"});
    FAIL();
  } catch (const std::invalid_argument& error) {
    EXPECT_STREQ(error.what(),
                 "kind is \"magelv\"; allowed: hash_mod_n, jump, least_connections, maglev, "
                 "maglev_caplance, maglev_envoy, maglev_katran_v1, maglev_katran_v2, power_of_two, "
                 "random, rendezvous, ring, round_robin");
  }
}

TEST(Catalogue, RefusesBadSizesAndSaysWhatIsAllowed) {
  const auto complaint = [](const Config& config) -> std::string {
    try {
      make(config);
    } catch (const std::invalid_argument& error) {
      return error.what();
    }
    return "";
  };
  EXPECT_EQ(complaint({.table_size = 65536}),
            "table_size is 65536; allowed: a prime from 2 to 16777213");
  EXPECT_EQ(complaint({.table_size = 16777259}),  // a prime, but too large
            "table_size is 16777259; allowed: a prime from 2 to 16777213");
  EXPECT_EQ(complaint({.kind = "maglev_envoy", .table_size = 8}),
            "table_size is 8; allowed: a prime from 2 to 16777213");
  EXPECT_EQ(complaint({.kind = "ring", .virtual_nodes = 0}),
            "virtual_nodes is 0; allowed: 1 to 65536");
  EXPECT_EQ(complaint({.kind = "ring", .table_size = 8}), "") << "a ring has no table";
  EXPECT_EQ(complaint({.table_size = 2}), "");
}

// One grid of choices a policy: rows are flows, columns are memberships.
TEST(Catalogue, ChoosesAsEver) {
  const std::vector<std::vector<Candidate>> memberships{
      backends(3), backends(4), backends(12), without(backends(12), 5),
      candidates_of({"web1", "web2", "web3"}, {1, 2, 5})};
  std::string text =
      "# The backend (its index) that each policy chooses for 12 flows with live-flow counts 0, 1, "
      "2, ...\n"
      "# among backend-0..2, backend-0..3, backend-0..11, the same without backend-5, web1-3 of "
      "weights 1 2 5\n";
  for (const Entry& entry : catalogue()) {
    text += std::string(entry.kind) + "\n";
    std::vector<std::string> rows(12);
    for (const auto& membership : memberships) {
      Asked asked({.kind = std::string(entry.kind), .seed = 42});
      asked.rebuild(membership);
      for (std::size_t i = 0; i < asked.counts().size(); ++i)
        asked.counts()[i] = static_cast<std::uint32_t>(i);
      for (std::uint64_t flow = 0; flow < rows.size(); ++flow) {
        const std::string cell = std::to_string(asked.choose(mix64(flow)));
        rows[flow] += std::string(4 - cell.size(), ' ') + cell;
      }
    }
    for (const std::string& row : rows) text += row + "\n";
  }
  expect_golden("policies.txt", text);
}

}  // namespace
}  // namespace poise::policy
