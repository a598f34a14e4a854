// Published vectors: tables that other balancers build, value by value.
#include <gtest/gtest.h>

#include "model/hash.h"
#include "model/policy/fill_table.h"
#include "model/policy/jump.h"
#include "model/policy/maglev.h"
#include "model/policy/maglev_katran.h"
#include "tests/policy/candidates.h"

namespace poise::policy {
namespace {

using Table = std::vector<std::uint16_t>;

Table fill(const std::vector<Permutation>& permutations, std::uint32_t size,
           TurnRule rule = TurnRule::each_round, std::vector<std::uint32_t> weights = {}) {
  if (weights.empty()) weights.assign(permutations.size(), 1);
  return fill_table(permutations, weights, rule, size);
}

Table katran(const std::vector<std::uint64_t>& hashes, std::uint32_t size, TurnRule rule,
             const std::vector<std::uint32_t>& weights = {}) {
  std::vector<Permutation> permutations;
  for (const std::uint64_t hash : hashes) permutations.push_back(katran_permutation(hash, size));
  return fill(permutations, size, rule, weights);
}

// The table of a built-in Maglev by names; an index is the place in `names`.
Table table_of(const std::string& kind, std::uint32_t size, const std::vector<std::string>& names,
               const std::vector<std::uint32_t>& weights = {}) {
  const auto policy = make({.kind = kind, .table_size = size});
  policy->rebuild(candidates_of(names, weights));
  const auto table = dynamic_cast<Maglev&>(*policy).table();
  return {table.begin(), table.end()};
}

std::uint64_t fnv1a_of_words(const Table& table) {
  std::uint64_t hash = 0xcbf29ce484222325u;
  for (const std::uint32_t entry : table)
    for (int byte = 0; byte < 4; ++byte)
      hash = (hash ^ (entry >> (8 * byte) & 0xff)) * 0x100000001b3u;
  return hash;
}

std::vector<std::uint32_t> slots_of(const Table& table, std::size_t count) {
  std::vector<std::uint32_t> slots(count);
  for (const std::uint16_t owner : table) ++slots[owner];
  return slots;
}

std::vector<std::string> numbered(const std::string& prefix, int from, int to) {
  std::vector<std::string> names;
  for (int i = from; i <= to; ++i) names.push_back(prefix + std::to_string(i));
  return names;
}

TEST(MaglevPaper, TableOne) {
  EXPECT_EQ(fill({{3, 4}, {0, 2}, {3, 1}}, 7), (Table{1, 0, 1, 0, 2, 2, 0}));
  // Backend 1 removed: position 1 is the paper's backend 2.
  EXPECT_EQ(fill({{3, 4}, {3, 1}}, 7), (Table{0, 0, 0, 0, 1, 1, 1}));
}

TEST(GoMaglev, SmallTableBeforeAndAfterADeath) {
  std::vector<Permutation> permutations;
  for (const std::string& name : numbered("backend-", 0, 2)) {
    const std::uint64_t hash = siphash24({0xdeadbeefcafebabeu, 0}, name);
    permutations.push_back({static_cast<std::uint32_t>((hash >> 32) % 7),
                            static_cast<std::uint32_t>((hash & 0xffffffffu) % 6 + 1)});
  }
  EXPECT_EQ(permutations[0].offset, 2u);
  EXPECT_EQ(permutations[0].skip, 4u);
  EXPECT_EQ(fill(permutations, 7), (Table{1, 2, 0, 2, 0, 1, 0}));
  EXPECT_EQ(fill({permutations[0], permutations[2]}, 7), (Table{0, 1, 0, 1, 0, 1, 0}));
}

TEST(Caplance, GoldenTableOf53) {
  const Table expected{0, 2, 1, 0, 1, 1, 0, 2, 1, 2, 2, 0, 0, 1, 0, 1, 2, 2,
                       2, 0, 2, 1, 0, 1, 1, 2, 2, 1, 0, 2, 1, 0, 1, 1, 2, 2,
                       2, 0, 1, 0, 0, 1, 0, 2, 0, 2, 1, 0, 0, 1, 0, 2, 1};
  EXPECT_EQ(table_of("maglev_caplance", 53, numbered("backend-", 1, 3)), expected);
}

TEST(Caplance, GoldenFlows) {
  Asked asked({.kind = "maglev_caplance", .table_size = 53});
  asked.rebuild(candidates_of(numbered("backend-", 1, 3)));
  EXPECT_EQ(asked.choose(siphash24({0xdeadbabe, 0}, "10.0.0.2:53686")), 0);
  EXPECT_EQ(asked.choose(siphash24({0xdeadbabe, 0}, "192.168.1.2:789")), 0);
}

TEST(Caplance, SharesOfALargeTable) {
  const Table table = table_of("maglev_caplance", 65537, numbered("backend-", 1, 3));
  EXPECT_EQ(slots_of(table, 3), (std::vector<std::uint32_t>{21846, 21846, 21845}));
  // The table whose sha256 (words, little-endian) is cb1c878ef136539f...443.
  EXPECT_EQ(fnv1a_of_words(table), 0x68ac529fe14fd397u);
}

TEST(Caplance, MovesAsMuchAsItsTableIsSmall) {
  struct Row {
    int count;
    std::uint32_t size;
    int excess;
  };
  // 5.6 %, 16.7 %, 6.6 % and 1.5 % of the others' slots.
  for (const Row& row : {Row{3, 53, 2}, Row{10, 53, 8}, Row{10, 251, 15}, Row{10, 4099, 55}}) {
    const int last = row.count - 1;
    const Table before = table_of("maglev_caplance", row.size, numbered("backend-", 0, last));
    const Table after = table_of("maglev_caplance", row.size, numbered("backend-", 0, last - 1));
    int excess = 0;
    for (std::size_t i = 0; i < before.size(); ++i)
      excess += before[i] != last && before[i] != after[i];
    EXPECT_EQ(excess, row.excess) << row.count << " in " << row.size;
  }
}

TEST(Katran, Murmur) {
  EXPECT_EQ(murmur3_x64_64(0, 0, 0), 0x4bbd1bf27da918d6u);
  EXPECT_EQ(murmur3_x64_64(1, 42, 0), 0x0b85e5b738ec6ba3u);
  EXPECT_EQ(murmur3_x64_64(0xdeadbeefcafebabeu, 42, 0), 0x2e8d31a54ed17f19u);
  EXPECT_EQ(murmur3_x64_64(0x123456789abcdef0u, 2718281828u, 2307), 0xfd55a63c45bfe387u);
}

TEST(Katran, Permutations) {
  struct Row {
    std::uint64_t hash;
    std::uint32_t size, offset, skip;
  };
  for (const Row& row :
       {Row{0, 65537, 22292, 48325}, Row{1, 65537, 3304, 19461}, Row{2, 65537, 43699, 25045},
        Row{42, 65537, 41180, 65402}, Row{99, 65537, 31409, 56450},
        Row{1234567, 65537, 52916, 39437}, Row{~std::uint64_t{0}, 65537, 13282, 25913},
        Row{0, 7, 6, 3}, Row{1, 7, 1, 1}, Row{2, 7, 4, 3}, Row{3, 7, 0, 5}, Row{6, 7, 6, 6},
        Row{100, 7, 0, 1}, Row{1000, 7, 2, 2}, Row{2000, 7, 3, 6}}) {
    const Permutation p = katran_permutation(row.hash, row.size);
    EXPECT_EQ(p.offset, row.offset) << row.hash;
    EXPECT_EQ(p.skip, row.skip) << row.hash;
  }
}

TEST(Katran, SmallRingsOfBothVersions) {
  using enum TurnRule;
  const std::vector<std::uint64_t> two{1000, 2000}, other{111, 222}, three{0, 1, 2};
  EXPECT_EQ(katran(two, 7, first_round), (Table{1, 1, 0, 1, 0, 0, 0}));
  EXPECT_EQ(katran(two, 7, accumulate), (Table{1, 1, 0, 1, 0, 0, 0}));
  EXPECT_EQ(katran(two, 7, first_round, {2, 1}), (Table{1, 1, 0, 1, 0, 0, 0}));
  EXPECT_EQ(katran(two, 7, accumulate, {2, 1}), (Table{1, 0, 0, 1, 0, 0, 0}));
  EXPECT_EQ(katran(other, 11, first_round, {1, 2}), (Table{1, 1, 0, 0, 0, 1, 1, 0, 1, 1, 0}));
  EXPECT_EQ(katran(other, 11, accumulate, {1, 2}), (Table{1, 1, 0, 1, 1, 1, 1, 0, 0, 1, 0}));
  EXPECT_EQ(katran(three, 17, first_round),
            (Table{0, 1, 2, 0, 1, 0, 1, 2, 0, 2, 0, 1, 2, 1, 2, 0, 1}));
  EXPECT_EQ(katran(three, 17, first_round, {2, 1, 1}),
            (Table{0, 1, 2, 0, 0, 0, 1, 2, 0, 2, 0, 1, 2, 1, 2, 0, 1}));
  EXPECT_EQ(katran(three, 17, accumulate, {2, 1, 1}),
            (Table{0, 1, 2, 0, 1, 0, 1, 2, 0, 2, 0, 0, 0, 1, 2, 0, 0}));
}

TEST(Katran, LargeRings) {
  std::vector<std::uint64_t> hashes;
  for (std::uint64_t i = 0; i < 400; ++i) hashes.push_back(i);
  const Table table = katran(hashes, 65537, TurnRule::first_round);
  EXPECT_EQ(Table(table.begin(), table.begin() + 16),
            (Table{64, 351, 265, 220, 380, 153, 213, 91, 108, 396, 13, 373, 140, 149, 316, 348}));
  EXPECT_EQ(Table(table.end() - 4, table.end()), (Table{66, 73, 267, 246}));
  EXPECT_EQ(fnv1a_of_words(table), 0x34f0cdcf9644e9e2u);

  const Table v1 = katran({0, 1, 2}, 65537, TurnRule::first_round, {2, 1, 1});
  EXPECT_EQ(slots_of(v1, 3), (std::vector<std::uint32_t>{21847, 21845, 21845}));
  EXPECT_EQ(fnv1a_of_words(v1), 0x4515312c951db166u);
  const Table v2 = katran({0, 1, 2}, 65537, TurnRule::accumulate, {2, 1, 1});
  EXPECT_EQ(slots_of(v2, 3), (std::vector<std::uint32_t>{32769, 16384, 16384}));
  EXPECT_EQ(fnv1a_of_words(v2), 0x6710e112c78933c5u);
}

TEST(Katran, VersionOneStarvesWhenWeightsExceedTheRing) {
  std::vector<std::uint64_t> hashes;
  for (std::uint64_t i = 0; i < 400; ++i) hashes.push_back(10 * i);
  const Table table = katran(hashes, 65537, TurnRule::first_round,
                             std::vector<std::uint32_t>(400, 2 * 65537 / 400));
  int starved = 0;
  for (const std::uint32_t slots : slots_of(table, 400)) starved += slots == 0;
  EXPECT_EQ(starved, 199);
}

TEST(Katran, HowManySlotsMoveInItsOwnIntegrationTest) {
  struct Row {
    std::size_t count;
    TurnRule rule;
    std::uint32_t weight;
    std::size_t removed;
    int moved;
  };
  using enum TurnRule;
  for (const Row& row : {Row{400, first_round, 100, 399, 590}, Row{400, accumulate, 100, 399, 617},
                         Row{400, first_round, 1, 399, 617}, Row{400, accumulate, 1, 399, 617},
                         Row{400, accumulate, 100, 200, 611}, Row{100, accumulate, 1, 99, 397},
                         Row{1000, accumulate, 1, 999, 359}}) {
    std::vector<std::uint64_t> hashes;
    for (std::uint64_t i = 0; i < row.count; ++i) hashes.push_back(10 * i);
    const Table before =
        katran(hashes, 65537, row.rule, std::vector<std::uint32_t>(row.count, row.weight));
    hashes.erase(hashes.begin() + static_cast<std::ptrdiff_t>(row.removed));
    const Table after =
        katran(hashes, 65537, row.rule, std::vector<std::uint32_t>(row.count - 1, row.weight));
    int moved = 0;
    for (std::size_t i = 0; i < before.size(); ++i) {
      const std::size_t now = after[i] + (after[i] >= row.removed ? 1u : 0u);
      moved += before[i] != row.removed && before[i] != now;
    }
    EXPECT_EQ(moved, row.moved) << row.count << " reals of weight " << row.weight;
  }
}

TEST(Katran, HashesOfReals) {
  const auto hash = [](const char* text) { return katran_real_hash(*Address::parse(text)); };
  EXPECT_EQ(hash("10.0.0.1"), 0xd671359dbaa15954u);
  EXPECT_EQ(hash("10.0.0.2"), 0x2cd426d008b90279u);
  EXPECT_EQ(hash("10.0.0.3"), 0x6eb4a2989236785du);
  EXPECT_EQ(hash("fc00::1"), 0x64e74a25b986d744u);
  EXPECT_EQ(hash("fc00::2"), 0x87d247835b02295bu);
  EXPECT_EQ(hash("fc00::3"), 0x0b2e5ea98827f017u);
}

TEST(Katran, FixturesReachTheirReals) {
  const std::vector<std::string> reals{"10.0.0.1", "10.0.0.2", "10.0.0.3"};
  const Table table = table_of("maglev_katran_v1", 65537, reals);
  EXPECT_EQ(Table(table.begin(), table.begin() + 16),
            (Table{1, 0, 2, 1, 0, 2, 2, 0, 0, 1, 0, 1, 1, 0, 1, 2}));
  Asked v4({.kind = "maglev_katran_v1"});
  v4.rebuild(candidates_of(reals));
  EXPECT_EQ(v4.choose(3353773618u), 2);  // 192.168.1.1:31337 -> 10.0.0.3
  Asked v6({.kind = "maglev_katran_v1"});
  v6.rebuild(candidates_of({"fc00::1", "fc00::2", "fc00::3"}));
  EXPECT_EQ(v6.choose(3353773618u), 0);  // -> fc00::1
  EXPECT_EQ(v6.choose(2623155930u), 2);  // fc00:2::1:31337 -> fc00::3
}

TEST(Envoy, SmallTables) {
  EXPECT_EQ(table_of("maglev_envoy", 7, numbered("127.0.0.1:", 90, 95)),
            (Table{2, 4, 0, 1, 5, 0, 3}));
  EXPECT_EQ(table_of("maglev_envoy", 7, numbered("", 90, 95)), (Table{2, 5, 0, 3, 4, 1, 0}));
}

TEST(Envoy, WeightsAndAFirstTurnForEveryone) {
  const Table one_to_two =
      table_of("maglev_envoy", 65537, {"127.0.0.1:90", "127.0.0.1:91"}, {1, 2});
  EXPECT_EQ(slots_of(one_to_two, 2), (std::vector<std::uint32_t>{21846, 43691}));

  // One locality of weight 127 with one host, one of weight 1 with 1023.
  std::vector<std::uint32_t> weights(1024, 1);
  weights[0] = 127 * 1023;
  const std::vector<std::string> names = numbered("127.0.0.1:", 1000, 2023);
  const std::vector<std::uint32_t> slots =
      slots_of(table_of("maglev_envoy", 65537, names, weights), 1024);
  EXPECT_EQ(slots[0], 64514u);
  EXPECT_EQ(std::count(slots.begin(), slots.end(), 1u), 1023);
}

TEST(Jump, GuavasGoldenHundred) {
  const std::uint64_t golden[] = {0,  55, 62, 8,  45, 59, 86, 97, 82, 59,
                                  73, 37, 17, 56, 86, 21, 90, 37, 38, 83};
  for (std::uint64_t key = 0; key < 20; ++key) EXPECT_EQ(jump_hash(key, 100), golden[key]) << key;
}

TEST(Jump, PublishedKeys) {
  EXPECT_EQ(jump_hash(10863919174838991u, 11), 6u);
  EXPECT_EQ(jump_hash(2016238256797177309u, 11), 3u);
  EXPECT_EQ(jump_hash(1673758223894951030u, 11), 5u);
  EXPECT_EQ(jump_hash(2, 100001), 80343u);
  EXPECT_EQ(jump_hash(2201, 100001), 22152u);
  EXPECT_EQ(jump_hash(2202, 100001), 15018u);
  EXPECT_EQ(jump_hash(42, 57), 43u);
  EXPECT_EQ(jump_hash(0xDEAD10CC, 666), 361u);
  EXPECT_EQ(jump_hash(256, 1024), 520u);
}

}  // namespace
}  // namespace poise::policy
