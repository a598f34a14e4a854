// Initial sequence numbers grow with time, and nobody guesses those of another flow.
#include "model/tcp/segment/initial_sequence.h"

#include <gtest/gtest.h>

#include <set>

#include "tests/tcp_segment/segments.h"

namespace poise::tcp {
namespace {

using namespace std::chrono_literals;

constexpr SipKey kKey{0x0706050403020100, 0x0f0e0d0c0b0a0908};

TEST(InitialSequence, TicksEveryFourMicroseconds) {
  const FlowKey flow = client_flow(Family::v4);
  const Seq start = initial_sequence(kKey, flow, Instant{});
  EXPECT_EQ(initial_sequence(kKey, flow, Instant{3999ns}), start);
  EXPECT_EQ(initial_sequence(kKey, flow, Instant{4us}), start + 1);
  EXPECT_EQ(initial_sequence(kKey, flow, Instant{1s}), start + 250'000);
}

// M + F of RFC 6528, 3, by another implementation of SipHash-2-4, over the flow as it lies in its
// key, sixteen zeros and the purpose 1.
TEST(InitialSequence, IsTheClockAndTheKeyedHashOfTheFlow) {
  const struct {
    Family family;
    Duration at;
    Seq sequence;
  } kVectors[] = {
      {Family::v4, 0s, 0x6cc5dc92},  {Family::v4, 4us, 0x6cc5dc93}, {Family::v4, 1s, 0x6cc9ad22},
      {Family::v4, 24h, 0x743bb492}, {Family::v6, 0s, 0xbe570056},  {Family::v6, 4us, 0xbe570057},
      {Family::v6, 1s, 0xbe5ad0e6},  {Family::v6, 24h, 0xc5ccd856},
  };
  for (const auto& vector : kVectors)
    EXPECT_EQ(initial_sequence(kKey, client_flow(vector.family), Instant{vector.at}),
              vector.sequence);
}

TEST(InitialSequence, DiffersByEveryFieldOfTheFlowAndEveryBitOfTheKey) {
  const FlowKey flow = client_flow(Family::v4);
  std::set<Seq> seen{initial_sequence(kKey, flow, Instant{})};
  std::size_t count = 1;
  const auto is_new = [&](SipKey key, const FlowKey& other) {
    seen.insert(initial_sequence(key, other, Instant{}));
    return seen.size() == ++count;
  };
  for (int bit = 0; bit < 64; ++bit) {
    EXPECT_TRUE(is_new({kKey.k0 ^ std::uint64_t{1} << bit, kKey.k1}, flow));
    EXPECT_TRUE(is_new({kKey.k0, kKey.k1 ^ std::uint64_t{1} << bit}, flow));
  }
  FlowKey other = flow;
  ++other.source_port;
  EXPECT_TRUE(is_new(kKey, other));
  other = flow;
  ++other.destination_port;
  EXPECT_TRUE(is_new(kKey, other));
  other = flow;
  std::swap(other.source, other.destination);
  EXPECT_TRUE(is_new(kKey, other));
}

}  // namespace
}  // namespace poise::tcp
