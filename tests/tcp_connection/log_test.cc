// What a connection says to its standby, and what the standby makes of it.
#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "model/wire/datagram.h"
#include "tests/tcp_connection/peer.h"

namespace poise::tcp {
namespace {

constexpr std::size_t kHoles = 64;  // as many ranges as a connection keeps

// A connection, fed by hand, and the one that follows it on the other replica.
class Followed {
 public:
  explicit Followed(std::uint32_t chunk_count)
      : pool_(chunk_count),
        other_pool_(chunk_count),
        place_{&pool_, &clock_, false},
        other_place_{&other_pool_, &clock_, false},
        active(Peer::key(), ConnectionConfig{}, place_),
        standby(Peer::key(), ConnectionConfig{}, other_place_) {
    Handshake handshake;
    handshake.irs = Peer::kIrs, handshake.iss = Peer::kIss;
    handshake.mss = 1460, handshake.sack_permitted = true;
    handshake.window_scale = 7;
    active.open_passive(now_, handshake, 0, 0);
    speak();
    say(1, 0);
  }

  void say(Position begin, std::size_t size, std::uint8_t flags = wire::tcp_flag::kAck) {
    const std::vector<std::uint8_t> bytes(size, 'x');
    Segment segment;
    segment.sequence = seq_of(begin, Peer::kIrs);
    segment.acknowledgment = seq_of(1, Peer::kIss);
    segment.flags = flags;
    segment.window = 512;
    segment.payload = bytes;
    (void)active.on_segment(now_, segment);
  }
  // One record; false when the standby refuses it.
  bool log() {
    Mark mark;
    const auto record = active.log(0, mark);
    if (!record) return true;
    const bool fits = standby.apply(*record);
    active.tell(now_, mark);
    speak();
    return fits;
  }
  bool log_all() {
    while (active.dirty())
      if (!log()) return false;
    return true;
  }

 private:
  void speak() {
    while (active.next_segment(now_, memory_) > 0) {
    }
  }

  ChunkPool pool_, other_pool_;
  TimestampClock clock_;
  Connection::Place place_, other_place_;
  Instant now_ = Instant{} + std::chrono::seconds{1};
  std::vector<std::uint8_t> memory_ = std::vector<std::uint8_t>(65536);

 public:
  Connection active, standby;
};

// The active had room for a new range because another was filled: so has its standby, though both
// come in one record.
TEST(Log, BringsARangeIntoTheRoomThatTheSameRecordMakes) {
  Followed pair(64);
  for (std::size_t i = 0; i < kHoles; ++i) pair.say(static_cast<Position>(2 + 2 * i), 1);
  ASSERT_TRUE(pair.log_all());
  pair.say(1, 1);
  pair.say(1000, 1);
  EXPECT_TRUE(pair.log_all());
  EXPECT_EQ(pair.standby.received(), 2u);
  pair.say(3, 997);
  EXPECT_TRUE(pair.log_all());
  EXPECT_EQ(pair.standby.received(), pair.active.received());
}

// The peer's FIN and the state that it makes are said with the last of the bytes before it.
TEST(Log, SaysThatThePeerClosedWithTheLastOfItsBytes) {
  Followed pair(64);
  const std::size_t size = 12 * std::size_t{ChunkPool::kChunkSize};
  for (std::size_t at = 0; at < size; at += 1024) pair.say(static_cast<Position>(1 + at), 1024);
  pair.say(static_cast<Position>(1 + size), 0, wire::tcp_flag::kAck | wire::tcp_flag::kFin);
  ASSERT_EQ(pair.active.state(), State::close_wait);
  ASSERT_TRUE(pair.log());
  ASSERT_LT(pair.standby.received(), size) << "not all of it fits into a record";
  EXPECT_EQ(pair.standby.state(), State::established);
  EXPECT_FALSE(pair.standby.peer_closed());
  ASSERT_TRUE(pair.log_all());
  EXPECT_EQ(pair.standby.received(), size);
  EXPECT_EQ(pair.standby.state(), State::close_wait);
  EXPECT_TRUE(pair.standby.peer_closed());
}

}  // namespace
}  // namespace poise::tcp
