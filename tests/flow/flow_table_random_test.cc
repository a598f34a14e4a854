// Random histories of the flow table against its naive twin.
#include <gtest/gtest.h>

#include "model/random.h"
#include "tests/flow/flow_table_pair.h"

namespace poise {
namespace {

constexpr int kSeeds = 400;
constexpr int kSteps = 1500;

FlowTable::Config small_table(Rng& rng) {
  FlowTable::Config config;
  config.capacity = static_cast<std::uint32_t>(1 + rng.below(60));
  config.backend_count_max = static_cast<std::uint32_t>(1 + rng.below(6));
  const auto timeout = [&rng] {
    return Duration{static_cast<std::int64_t>(1 + rng.below(1u << 26))};
  };
  config.timeouts = {timeout(), timeout(), timeout(), timeout()};
  config.handshake_share = 0.05 + 0.95 * rng.uniform();
  config.seed = rng.next();
  return config;
}

FlowTableStep random_step(Rng& rng) {
  // Mostly packets, or the table would stay empty.
  const std::uint64_t dice = rng.below(40);
  FlowTableStep step;
  step.kind = dice < FlowTableStep::kKinds ? static_cast<FlowTableStep::Kind>(dice)
              : dice < 12                  ? FlowTableStep::Kind::wait
                                           : FlowTableStep::Kind::packet;
  step.flow = static_cast<std::uint8_t>(rng.below(96));
  step.backend = static_cast<std::uint8_t>(rng.below(256));
  step.state = static_cast<std::uint8_t>(rng.below(4));
  step.amount = static_cast<std::uint16_t>(rng.below(1 + rng.below(4096)));
  return step;
}

TEST(FlowTable, AgreesWithTheNaiveTableOnRandomHistories) {
  for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
    Rng rng(seed);
    FlowTablePair pair(small_table(rng));
    for (int i = 0; i < kSteps; ++i) {
      const std::string difference = pair.step(random_step(rng));
      ASSERT_EQ(difference, "") << "seed " << seed << ", step " << i;
    }
    ASSERT_EQ(pair.compare_flows(), "") << "seed " << seed;
  }
}

TEST(FlowTable, EqualHistoriesGiveEqualDigests) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    Rng rng(seed), again(seed);
    FlowTablePair a(small_table(rng)), b(small_table(again));
    for (int i = 0; i < 300; ++i) {
      ASSERT_EQ(a.step(random_step(rng)), "");
      ASSERT_EQ(b.step(random_step(again)), "");
      ASSERT_EQ(a.table().digest(), b.table().digest()) << "seed " << seed << ", step " << i;
    }
  }
}

TEST(FlowTable, RandomHistoriesMeetEveryKindOfEnd) {
  FlowTable::Counters sum;
  std::uint64_t refused = 0, evicted_established = 0;
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    Rng rng(seed);
    FlowTablePair pair(small_table(rng));
    for (int i = 0; i < kSteps; ++i) ASSERT_EQ(pair.step(random_step(rng)), "");
    const FlowTable::Counters& c = pair.table().counters();
    sum.erased += c.erased;
    sum.expired += c.expired;
    sum.forgotten += c.forgotten;
    sum.handshake_share_evictions += c.handshake_share_evictions;
    for (const std::uint64_t count : c.refused) refused += count;
    evicted_established += c.evicted[static_cast<std::size_t>(FlowState::established)];
  }
  EXPECT_GT(sum.erased, 0u);
  EXPECT_GT(sum.expired, 0u);
  EXPECT_GT(sum.forgotten, 0u);
  EXPECT_GT(sum.handshake_share_evictions, 0u);
  EXPECT_GT(refused, 0u);
  EXPECT_GT(evicted_established, 0u);
}

}  // namespace
}  // namespace poise
