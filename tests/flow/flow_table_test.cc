// The flow table's laws, one at a time.
#include "model/flow/flow_table.h"

#include <gtest/gtest.h>

#include <chrono>
#include <set>

#include "model/random.h"

namespace poise {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr BackendRef kWeb1{1, 0}, kWeb2{2, 0};

FlowKey key_number(std::uint32_t number) {
  return {Address::v4(0x0a000000u + number), Address::v4(0x0aff0001u), 4000, 80,
          wire::protocol::kTcp};
}

Instant at(Duration time) {
  return Instant{} + time;
}

class Table {
 public:
  explicit Table(std::uint32_t capacity, double handshake_share = 0.25)
      : table_({.capacity = capacity,
                .backend_count_max = 8,
                .timeouts = {.closing = seconds{1},
                             .handshake = seconds{2},
                             .datagram = seconds{3},
                             .established = seconds{64}},
                .handshake_share = handshake_share}) {}

  bool insert(std::uint32_t flow, FlowState state, Duration now = {}, BackendRef backend = kWeb1) {
    const FlowKey key = key_number(flow);
    return bool(table_.insert(key, table_.hash(key), backend, state, at(now)));
  }
  FlowSlot find(std::uint32_t flow, Duration now = {}) const {
    const FlowKey key = key_number(flow);
    return table_.find(key, table_.hash(key), at(now));
  }
  bool has(std::uint32_t flow, Duration now = {}) const { return bool(find(flow, now)); }
  void touch(std::uint32_t flow, FlowState state, Duration now) {
    table_.touch(find(flow, now), at(now), state);
  }
  void fill(FlowState state, std::uint32_t from, std::uint32_t to, Duration now = {}) {
    for (std::uint32_t i = from; i < to; ++i) ASSERT_TRUE(insert(i, state, now));
  }
  std::uint32_t count_of(std::uint32_t from, std::uint32_t to, Duration now = {}) const {
    std::uint32_t count = 0;
    for (std::uint32_t i = from; i < to; ++i) count += has(i, now);
    return count;
  }
  FlowTable* operator->() { return &table_; }
  const FlowTable* operator->() const { return &table_; }

 private:
  FlowTable table_;
};

TEST(FlowTable, KeepsAFlowOnItsBackend) {
  Table table(16);
  EXPECT_FALSE(table.has(1));
  EXPECT_TRUE(table.insert(1, FlowState::handshake, {}, kWeb2));
  ASSERT_TRUE(table.has(1));
  EXPECT_EQ(table->backend(table.find(1)), kWeb2);
  EXPECT_EQ(table->state(table.find(1)), FlowState::handshake);
  EXPECT_FALSE(table.has(2));
}

TEST(FlowTable, EachStateHasItsOwnIdleTime) {
  const std::pair<FlowState, Duration> timeouts[] = {{FlowState::closing, seconds{1}},
                                                     {FlowState::handshake, seconds{2}},
                                                     {FlowState::datagram, seconds{3}},
                                                     {FlowState::established, seconds{64}}};
  for (const auto& [state, timeout] : timeouts) {
    Table table(16);
    table.insert(1, state, seconds{5});
    EXPECT_TRUE(table.has(1, seconds{5} + timeout - Duration{1}));
    EXPECT_FALSE(table.has(1, seconds{5} + timeout));
  }
}

TEST(FlowTable, EveryPacketStartsTheIdleTimeAnew) {
  Table table(16);
  table.insert(1, FlowState::datagram);
  for (int i = 1; i <= 20; ++i) table.touch(1, FlowState::datagram, milliseconds{2500} * i);
  EXPECT_TRUE(table.has(1, milliseconds{50000 + 2999}));
  EXPECT_FALSE(table.has(1, milliseconds{50000 + 3000}));
}

TEST(FlowTable, TheIdleTimeOfOnePacketIsExactToATickAndNeverShort) {
  Rng rng(1);
  for (int i = 0; i < 1000; ++i) {
    Table table(1, 1.0);
    const Duration start{static_cast<std::int64_t>(rng.below(1u << 30))};
    table.insert(1, FlowState::closing, start);
    EXPECT_TRUE(table.has(1, start + seconds{1} - Duration{1}));
    EXPECT_FALSE(table.has(1, start + seconds{1} + Duration{512}));
  }
}

TEST(FlowTable, AFullTableDropsTheLeastRecentlyUsed) {
  Table table(4);
  table.fill(FlowState::established, 0, 4);
  table.touch(0, FlowState::established, seconds{2});
  EXPECT_TRUE(table.insert(4, FlowState::established, seconds{3}));
  EXPECT_TRUE(table.has(0, seconds{3}));
  EXPECT_FALSE(table.has(1, seconds{3}));
  EXPECT_EQ(table->counters().evicted[3], 1u);
}

TEST(FlowTable, ASynFloodPushesOutNoOtherFlow) {
  Table table(1000);
  table.fill(FlowState::established, 0, 600);
  table.fill(FlowState::datagram, 600, 700);
  for (std::uint32_t i = 0; i < 100000; ++i) table.insert(1000000 + i, FlowState::handshake);
  EXPECT_EQ(table.count_of(0, 700), 700u);
  EXPECT_EQ(table->occupied(), 700u + 250u);
  EXPECT_EQ(table->counters().handshake_share_evictions, 100000u - 250u);
}

TEST(FlowTable, ASynFloodIntoAFullTableIsRefused) {
  Table table(100);
  table.fill(FlowState::established, 0, 100);
  for (std::uint32_t i = 0; i < 1000; ++i)
    EXPECT_FALSE(table.insert(1000 + i, FlowState::handshake));
  EXPECT_EQ(table.count_of(0, 100), 100u);
  EXPECT_EQ(table->counters().refused[1], 1000u);
}

TEST(FlowTable, AFloodOfDatagramsPushesOutNoEstablishedFlow) {
  Table table(100);
  table.fill(FlowState::established, 0, 40);
  for (std::uint32_t i = 0; i < 1000; ++i) EXPECT_TRUE(table.insert(1000 + i, FlowState::datagram));
  EXPECT_EQ(table.count_of(0, 40), 40u);
  EXPECT_EQ(table->counters().evicted[2], 1000u - 60u);
}

TEST(FlowTable, EstablishedFlowsTakeThePlaceOfTheLowestRankFirst) {
  Table table(8, 1.0);
  table.fill(FlowState::closing, 0, 2);
  table.fill(FlowState::handshake, 2, 4);
  table.fill(FlowState::datagram, 4, 6);
  table.fill(FlowState::established, 6, 8);
  for (std::uint32_t i = 0; i < 8; ++i) {
    EXPECT_TRUE(table.insert(100 + i, FlowState::established));
    EXPECT_FALSE(table.has(i)) << "of its rank, the oldest goes";
    EXPECT_EQ(table.count_of(0, 8), 7 - i);
  }
}

TEST(FlowTable, NoNewcomerTakesThePlaceOfAHigherRank) {
  for (std::uint8_t own = 0; own < kFlowStateCount; ++own)
    for (std::uint8_t other = 0; other < kFlowStateCount; ++other) {
      Table table(4, 1.0);
      table.fill(static_cast<FlowState>(other), 0, 4);
      EXPECT_EQ(table.insert(9, static_cast<FlowState>(own)), own >= other);
      EXPECT_EQ(table.count_of(0, 4), own >= other ? 3u : 4u);
    }
}

TEST(FlowTable, TheExpiredMakeRoomWhateverTheirRank) {
  Table table(4, 1.0);
  table.fill(FlowState::established, 0, 4);
  EXPECT_FALSE(table.insert(9, FlowState::handshake, seconds{63}));
  EXPECT_TRUE(table.insert(9, FlowState::handshake, seconds{64}));
  EXPECT_EQ(table->counters().expired, 1u);
}

TEST(FlowTable, TheForgottenMakeRoomWhateverTheirRank) {
  Table table(4, 1.0);
  table.fill(FlowState::established, 0, 4);
  table->forget_backend(kWeb1);
  EXPECT_TRUE(table.insert(9, FlowState::handshake));
  EXPECT_EQ(table->counters().forgotten, 1u);
}

TEST(FlowTable, PromotedHandshakesLeaveTheirShare) {
  Table table(100);
  for (std::uint32_t i = 0; i < 100; ++i) {
    EXPECT_TRUE(table.insert(i, FlowState::handshake));
    table.touch(i, FlowState::established, {});
  }
  EXPECT_EQ(table.count_of(0, 100), 100u);
}

TEST(FlowTable, CountsLiveFlowsByBackend) {
  Table table(10);
  table.fill(FlowState::established, 0, 4);
  table.insert(4, FlowState::closing, {}, kWeb2);
  EXPECT_EQ(table->flow_counts()[1], 4u);
  EXPECT_EQ(table->flow_counts()[2], 1u);
  table->set_backend(table.find(0), kWeb2);
  EXPECT_EQ(table->flow_counts()[1], 3u);
  EXPECT_EQ(table->flow_counts()[2], 2u);
  table->erase(table.find(0));
  EXPECT_EQ(table->flow_counts()[2], 1u);
  EXPECT_EQ(table->expire(at(seconds{1}), 10), 1u);
  EXPECT_EQ(table->flow_counts()[2], 0u);
  EXPECT_EQ(table->size(), 3u);
}

TEST(FlowTable, AForgottenBackendsFlowsAreAbsentAtOnce) {
  Table table(10);
  table.fill(FlowState::established, 0, 4);
  table.insert(4, FlowState::established, {}, kWeb2);
  table->forget_backend(kWeb1);
  EXPECT_EQ(table.count_of(0, 5), 1u);
  EXPECT_EQ(table->flow_counts()[1], 0u);
  EXPECT_EQ(table->size(), 1u);
  EXPECT_EQ(table->occupied(), 5u);
}

TEST(FlowTable, AForgottenFlowThatSpeaksAgainIsReplacedInPlace) {
  Table table(4);
  table.fill(FlowState::established, 0, 4);
  table->forget_backend(kWeb1);
  EXPECT_TRUE(table.insert(2, FlowState::established, {}, kWeb2));
  EXPECT_EQ(table->backend(table.find(2)), kWeb2);
  EXPECT_EQ(table->occupied(), 4u);
  EXPECT_EQ(table->counters().forgotten, 1u);
}

TEST(FlowTable, ABackendThatReusesAnIndexInheritsNoFlows) {
  Table table(10);
  table.fill(FlowState::established, 0, 4);
  const BackendRef next{kWeb1.index, 1};
  EXPECT_TRUE(table.insert(9, FlowState::established, {}, next));
  EXPECT_EQ(table.count_of(0, 4), 0u);
  EXPECT_EQ(table->flow_counts()[1], 1u);
  EXPECT_EQ(table->backend(table.find(9)), next);
  table->forget_backend(kWeb1);  // long gone
  EXPECT_TRUE(table.has(9));
}

TEST(FlowTable, ABackendThatComesBackAsItselfInheritsNoFlows) {
  Table table(10);
  table.fill(FlowState::established, 0, 4);
  table->forget_backend(kWeb1);
  EXPECT_TRUE(table.insert(9, FlowState::established, {}, kWeb1));
  EXPECT_EQ(table.count_of(0, 4), 0u);
  EXPECT_EQ(table->flow_counts()[1], 1u);
}

TEST(FlowTable, NextExpiryIsNeverInThePastOfAnExpireWithBudgetLeft) {
  Table table(1000, 1.0);
  Rng rng(3);
  for (std::uint32_t i = 0; i < 1000; ++i)
    table.insert(i, static_cast<FlowState>(rng.below(4)), milliseconds{i * 3});
  int rounds = 0;
  while (table->occupied() != 0) {
    const Instant next = table->next_expiry();
    ASSERT_NE(next, kNever);
    table->expire(next, 1000000);
    ASSERT_GT(table->next_expiry(), next);
    ASSERT_LT(++rounds, 2000);
  }
  EXPECT_EQ(table->next_expiry(), kNever);
  EXPECT_EQ(table->counters().expired, 1000u);
}

TEST(FlowTable, ExpireKeepsToItsBudget) {
  Table table(100);
  table.fill(FlowState::closing, 0, 100);
  EXPECT_EQ(table->expire(at(seconds{2}), 30), 30u);
  EXPECT_EQ(table->occupied(), 70u);
}

TEST(FlowTable, ExpireLeavesNothingExpiredBehind) {
  Table table(100);
  Rng rng(4);
  table.fill(FlowState::established, 0, 100);
  Duration now{};
  for (int i = 0; i < 5000; ++i) {
    now += milliseconds{10};
    table.touch(static_cast<std::uint32_t>(rng.below(90)), FlowState::established, now);
  }
  for (; table->occupied() != 0; now += milliseconds{10}) {
    table->expire(at(now), 1000);
    std::uint32_t live = 0;
    table->for_each(at(now), [&](const FlowTable::Flow&) { ++live; });
    ASSERT_EQ(table->occupied(), live);
  }
}

// A grain is a 64th of the timeout at most.
TEST(FlowTable, ABusyFlowsIdleTimeIsShortByLessThanAGrain) {
  Rng rng(5);
  for (int i = 0; i < 200; ++i) {
    Table table(10);
    table.insert(1, FlowState::established);
    Duration now{};
    for (int packet = 0; packet < 50; ++packet) {
      now += milliseconds{static_cast<std::int64_t>(rng.below(400))};
      table.touch(1, FlowState::established, now);
    }
    EXPECT_TRUE(table.has(1, now + seconds{63} - Duration{1}));
    EXPECT_FALSE(table.has(1, now + seconds{64} + Duration{512}));
  }
}

TEST(FlowTable, VisitsEveryLiveFlowOnce) {
  Table table(100);
  table.fill(FlowState::established, 0, 50);
  table.fill(FlowState::closing, 50, 60);
  for (std::uint32_t i = 0; i < 50; i += 5) table->erase(table.find(i));
  std::set<FlowKey> keys;
  table->for_each(at(seconds{1}), [&](const FlowTable::Flow& flow) {
    EXPECT_EQ(flow.backend, kWeb1);
    EXPECT_TRUE(keys.insert(flow.key).second);
  });
  EXPECT_EQ(keys.size(), 40u);
}

TEST(FlowTable, AVisitorThatHasSeenEnoughSeesNoMore) {
  Table table(100);
  table.fill(FlowState::established, 0, 50);
  int visits = 0;
  table->for_each(at(seconds{1}), [&](const FlowTable::Flow&) { return ++visits < 10; });
  EXPECT_EQ(visits, 10);
}

TEST(FlowTable, TakesAtMostSixtyFourBytesAFlow) {
  for (const std::uint32_t capacity : {4096u, 65536u, 100003u, 1000000u}) {
    const FlowTable table({.capacity = capacity, .backend_count_max = 128});
    EXPECT_LE(table.memory_bytes(), std::size_t{64} * capacity) << capacity;
  }
}

TEST(FlowTable, HoldsAsManyFlowsAsItSays) {
  for (const std::uint32_t capacity : {1u, 2u, 3u, 17u, 1000u, 100003u}) {
    Table table(capacity);
    for (std::uint32_t i = 0; i < capacity; ++i)
      ASSERT_TRUE(table.insert(i, FlowState::established));
    EXPECT_EQ(table->size(), capacity);
    EXPECT_EQ(table.count_of(0, capacity), capacity);
    EXPECT_EQ(table->counters().evicted[3], 0u);
  }
}

TEST(FlowTable, PrefetchingChangesNothing) {
  Table table(100);
  table.fill(FlowState::established, 0, 50);
  const std::uint64_t before = table->digest();
  for (std::uint32_t i = 0; i < 200; ++i) {
    table->prefetch_index(table->hash(key_number(i)));
    table->prefetch_entry(table->hash(key_number(i)));
  }
  EXPECT_EQ(table->digest(), before);
}

TEST(FlowTable, AWrongOrOutdatedGuessIsHarmless) {
  Table table(4);
  table.fill(FlowState::established, 0, 4);
  const auto guess = [&](std::uint32_t flow) {
    return table->prefetch_entry(table->hash(key_number(flow)));
  };
  const auto find = [&](std::uint32_t flow, FlowSlot by) {
    return table->find(key_number(flow), table->hash(key_number(flow)), Instant{}, by);
  };
  const FlowSlot of_one = guess(1);
  EXPECT_EQ(find(1, of_one), table.find(1));
  EXPECT_EQ(find(2, of_one), table.find(2));
  table->erase(table.find(1));
  EXPECT_FALSE(find(1, of_one));
  EXPECT_TRUE(table.insert(9, FlowState::established));  // in the same place
  EXPECT_FALSE(find(1, of_one));
  EXPECT_EQ(find(9, of_one), table.find(9));
}

TEST(FlowTable, EveryChangeChangesTheDigest) {
  Table table(10);
  std::set<std::uint64_t> digests{table->digest()};
  const auto is_new = [&] { return digests.insert(table->digest()).second; };
  table.insert(1, FlowState::handshake);
  EXPECT_TRUE(is_new());
  table.insert(2, FlowState::handshake);
  EXPECT_TRUE(is_new());
  table.touch(1, FlowState::handshake, milliseconds{50});
  EXPECT_TRUE(is_new());
  table.touch(1, FlowState::established, milliseconds{50});
  EXPECT_TRUE(is_new());
  table->set_backend(table.find(1, milliseconds{50}), kWeb2);
  EXPECT_TRUE(is_new());
  table->forget_backend(kWeb2);
  EXPECT_TRUE(is_new());
  table->erase(table.find(2));
  EXPECT_TRUE(is_new());
}

}  // namespace
}  // namespace poise
