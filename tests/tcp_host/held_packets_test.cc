// What a standby holds is the newest that has room, whole and in order.
#include "model/tcp/host/held_packets.h"

#include <gtest/gtest.h>

#include <deque>

#include "model/random.h"

namespace poise::tcp {
namespace {

using namespace std::chrono_literals;
using Bytes = std::vector<std::uint8_t>;

constexpr Instant kNow = instant_from_ns(1'000'000'000);

std::vector<Bytes> released(HeldPackets& held, Instant at = kNow) {
  std::vector<Bytes> found;
  held.release(
      at, [&](std::span<std::uint8_t> bytes) { found.emplace_back(bytes.begin(), bytes.end()); });
  return found;
}

TEST(HeldPackets, KeepSegmentsThatAKernelJoined) {
  HeldPackets held(64);
  const Bytes joined(65'000, 7);
  held.hold(kNow, joined);
  EXPECT_EQ(released(held), std::vector<Bytes>{joined});
  EXPECT_TRUE(held.empty());
}

TEST(HeldPackets, KeepNothingWithoutRoom) {
  HeldPackets none(0), few(2);
  none.hold(kNow, Bytes(100, 1));
  few.hold(kNow, Bytes(5000, 1));
  EXPECT_TRUE(none.empty());
  EXPECT_TRUE(few.empty());
}

TEST(HeldPackets, LeaveOutWhatIsOld) {
  HeldPackets held(4);
  held.hold(kNow, Bytes(10, 1));
  held.hold(kNow + 900ms, Bytes(10, 2));
  EXPECT_EQ(released(held, kNow + 1500ms), (std::vector<Bytes>{Bytes(10, 2)}));
}

TEST(HeldPackets, AreAlwaysTheNewestInTheirOrder) {
  Rng chance(5);
  for (const std::size_t count_max : {1u, 3u, 16u, 40u}) {
    HeldPackets held(count_max);
    std::deque<Bytes> all;
    for (int round = 0; round < 5000; ++round) {
      const std::size_t size = 1 + chance.below(chance.below(8) == 0 ? 30'000 : 1500);
      const Bytes datagram(size, static_cast<std::uint8_t>(round));
      held.hold(kNow, datagram);
      if (size <= count_max * HeldPackets::kSize) all.push_back(datagram);
      if (chance.below(20) != 0) continue;
      const std::vector<Bytes> found = released(held);
      ASSERT_LE(found.size(), all.size());
      ASSERT_LE(found.size(), count_max);
      ASSERT_EQ(found.empty(), all.empty());
      EXPECT_TRUE(std::equal(found.rbegin(), found.rend(), all.rbegin()));
      all.clear();
    }
  }
}

}  // namespace
}  // namespace poise::tcp
