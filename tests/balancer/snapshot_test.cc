// Snapshots as bytes: what is written is read, and nothing else is.
#include "model/balancer/snapshot.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "model/balancer/replica.h"
#include "model/hash.h"
#include "model/random.h"

namespace poise {
namespace {

using namespace std::chrono_literals;
using Bytes = std::vector<std::uint8_t>;

Snapshot draw_snapshot(Rng& rng) {
  Snapshot snapshot{.life = rng.next(),
                    .taken_at = Instant{Duration{std::int64_t(rng.below(1u << 30))}}};
  const std::uint64_t member_count = rng.below(6);
  const auto left = [&]() -> std::optional<Duration> {
    if (rng.below(2) == 0) return std::nullopt;
    return Duration{std::int64_t(rng.below(1u << 30))};
  };
  for (std::uint64_t i = 0; i < member_count; ++i) {
    SnapshotMember member{
        .ref = {static_cast<BackendIndex>(i * 7), static_cast<std::uint16_t>(rng.next())},
        .name = "web" + std::to_string(i),
        .address = Address::v4(0x0a000001u + static_cast<std::uint32_t>(i)),
        .weight = static_cast<std::uint32_t>(1 + rng.below(65535)),
        .state = static_cast<BackendState>(1 + rng.below(4))};
    member.is_orphan = member.state == BackendState::draining && rng.below(2) == 0;
    member.drain_left = left();
    member.forget_left = left();
    member.ramp_left = left();
    snapshot.members.push_back(member);
  }
  if (member_count >= 3 && rng.below(2) == 0) {
    snapshot.members[1].kind = BackendKind::pair;
    snapshot.members[1].epoch = rng.below(kEpochMax + 1);
    snapshot.members[1].active_epoch = snapshot.members[1].epoch / 2;
    if (rng.below(3) > 0) snapshot.members[1].active = static_cast<std::uint8_t>(rng.below(2));
    for (const std::size_t i : {0, 2}) {
      SnapshotMember& replica = snapshot.members[i];
      replica.kind = BackendKind::replica;
      replica.pair = 1;
      replica.replica = static_cast<std::uint8_t>(i / 2);
      replica.epoch = rng.below(kEpochMax + 1);
      replica.is_active = rng.below(2) == 0;
    }
    snapshot.members[1].address = snapshot.members[0].address;
  }
  Duration age{std::int64_t(rng.below(1u << 30))};
  for (std::uint64_t i = member_count == 0 ? 0 : rng.below(20); i-- > 0;) {
    const bool is_v4 = rng.below(2) == 0;
    std::array<std::uint8_t, 16> six{0x20};
    six[15] = static_cast<std::uint8_t>(rng.next());
    const Address address =
        is_v4 ? Address::v4(static_cast<std::uint32_t>(1 + rng.below(1000))) : Address::v6(six);
    SnapshotFlow flow{.member = static_cast<std::uint32_t>(rng.below(member_count)),
                      .key = {address, address, static_cast<std::uint16_t>(rng.next()),
                              static_cast<std::uint16_t>(rng.next()), 6},
                      .state = static_cast<FlowState>(rng.below(4)),
                      .age = age};
    snapshot.flows.push_back(flow);
    age -= std::min(age, Duration{std::int64_t(rng.below(1u << 28))});
  }
  return snapshot;
}

TEST(Snapshot, IsReadAsItWasWritten) {
  for (std::uint64_t seed = 1; seed <= 3000; ++seed) {
    Rng rng(seed);
    const Snapshot snapshot = draw_snapshot(rng);
    const Bytes bytes = write_snapshot(snapshot);
    std::string error;
    const auto read = read_snapshot(bytes, error);
    ASSERT_TRUE(read) << error << ", seed " << seed;
    EXPECT_EQ(read->life, snapshot.life);
    EXPECT_EQ(read->taken_at, snapshot.taken_at);
    EXPECT_EQ(read->members.size(), snapshot.members.size());
    ASSERT_EQ(read->flows.size(), snapshot.flows.size());
    for (std::size_t i = 0; i < read->flows.size(); ++i) {
      EXPECT_EQ(read->flows[i].key, snapshot.flows[i].key);
      EXPECT_EQ(read->flows[i].age, snapshot.flows[i].age);
    }
    EXPECT_EQ(write_snapshot(*read), bytes) << "seed " << seed;
  }
}

TEST(Snapshot, IsRefusedWholeWhenItIsTorn) {
  Rng rng(3);
  const Bytes bytes = write_snapshot(draw_snapshot(rng));
  std::string error;
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    error.clear();
    EXPECT_FALSE(read_snapshot(std::span(bytes).first(size), error)) << size;
    EXPECT_NE(error, "");
  }
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    Bytes damaged = bytes;
    damaged[at] ^= static_cast<std::uint8_t>(1 + rng.below(255));
    EXPECT_FALSE(read_snapshot(damaged, error)) << at;
  }
}

// The example in snapshot.h.
TEST(Snapshot, HasTheBytesOfTheWorkedExample) {
  const Snapshot snapshot{
      .life = 7,
      .taken_at = Instant{1s},
      .members = {{.ref = {0, 2}, .name = "web1", .address = Address::v4(0x0a000101)}}};
  const Bytes bytes = write_snapshot(snapshot);
  const Bytes expected = {0x50, 0x4f, 0x49, 0x53, 0x45, 0x53, 0x4e, 0x50, 2,    7, 0,  0,
                          0,    0,    0,    0,    0,    0x00, 0xca, 0x9a, 0x3b, 0, 0,  0,
                          0,    1,    0,    2,    4,    0x77, 0x65, 0x62, 0x31, 4, 10, 0,
                          1,    1,    1,    1,    0,    0,    0,    0,    0,    0};
  EXPECT_EQ(Bytes(bytes.begin(), bytes.end() - 8), expected);
}

TEST(Snapshot, OfTheVersionBeforePairsIsReadAsPlainBackends) {
  Bytes bytes = write_snapshot(
      {.life = 7,
       .taken_at = Instant{1s},
       .members = {{.ref = {0, 2}, .name = "web1", .address = Address::v4(0x0a000101)}}});
  bytes.resize(bytes.size() - 8);
  bytes.erase(bytes.end() - 2);  // the kind; the count of flows follows it
  bytes[8] = 1;
  const std::uint64_t check = Digest().add(std::span<const std::uint8_t>(bytes)).value();
  for (int i = 0; i < 8; ++i) bytes.push_back(static_cast<std::uint8_t>(check >> (8 * i)));
  std::string error;
  const std::optional<Snapshot> snapshot = read_snapshot(bytes, error);
  ASSERT_TRUE(snapshot) << error;
  EXPECT_EQ(snapshot->members.at(0).name, "web1");
  EXPECT_EQ(snapshot->members.at(0).kind, BackendKind::plain);
}

TEST(Snapshot, GetsOlderByTheTimeBetweenAndNotByAClockThatWentBack) {
  Snapshot snapshot{.taken_at = Instant{10s},
                    .members = {{.drain_left = 5s, .forget_left = 1s}},
                    .flows = {{.age = 3s}}};
  snapshot.age_to(Instant{12s});
  EXPECT_EQ(snapshot.members[0].drain_left, 3s);
  EXPECT_EQ(snapshot.members[0].forget_left, 0s);
  EXPECT_EQ(snapshot.members[0].ramp_left, std::nullopt);
  EXPECT_EQ(snapshot.flows[0].age, 5s);
  snapshot.age_to(Instant{1s});
  EXPECT_EQ(snapshot.flows[0].age, 5s);
  EXPECT_EQ(snapshot.taken_at, Instant{1s});
}

}  // namespace
}  // namespace poise
