// What is joined is what was taken, and what cannot follow is not taken.
#include "realnet/tcp/segment_joiner.h"

#include <gtest/gtest.h>

#include <cstring>
#include <numeric>

#include "model/tcp/segment/segment.h"
#include "model/wire/checksum.h"

namespace poise::realnet {
namespace {

namespace flag = wire::tcp_flag;
using Bytes = std::vector<std::uint8_t>;

constexpr std::size_t kPiece = 1000;

struct Said {
  std::uint32_t sequence = 1000;
  std::size_t size = kPiece;
  std::uint8_t flags = flag::kAck;
  std::uint16_t port = 4000;
  std::uint32_t acknowledgment = 77;
  std::uint32_t timestamp = 5;
};

Bytes segment(const Said& said, bool v4 = true) {
  tcp::Envelope envelope;
  envelope.key.source = *Address::parse(v4 ? "10.0.0.9" : "fd00::9");
  envelope.key.destination = *Address::parse(v4 ? "10.0.0.50" : "fd00::50");
  envelope.key.source_port = said.port;
  envelope.key.destination_port = 80;
  tcp::Segment what;
  what.sequence = said.sequence;
  what.acknowledgment = said.acknowledgment;
  what.flags = said.flags;
  what.window = 500;
  what.options.timestamps = tcp::Timestamps{said.timestamp, 3};
  Bytes payload(said.size);
  std::iota(payload.begin(), payload.end(), static_cast<std::uint8_t>(said.sequence));
  Bytes datagram(said.size + 100);
  datagram.resize(tcp::write_segment(datagram, envelope, what, payload));
  return datagram;
}

struct HandedOut {
  VirtioHeader header;
  Bytes datagram;
};

HandedOut hand_out(SegmentJoiner& joiner) {
  const auto bytes = joiner.hand_out();
  HandedOut out;
  std::memcpy(&out.header, bytes.data(), sizeof out.header);
  out.datagram.assign(bytes.begin() + sizeof out.header, bytes.end());
  return out;
}

class Joiner : public testing::TestWithParam<bool> {
 protected:
  SegmentJoiner joiner_;
};
INSTANTIATE_TEST_SUITE_P(BothFamilies, Joiner, testing::Bool());

TEST_P(Joiner, LeavesASingleSegmentAsItIs) {
  const Bytes one = segment({}, GetParam());
  ASSERT_TRUE(joiner_.take(one));
  const HandedOut out = hand_out(joiner_);
  EXPECT_EQ(out.datagram, one);
  EXPECT_EQ(out.header.cut_as, 0);
  EXPECT_TRUE(joiner_.empty());
}

TEST_P(Joiner, MakesOneOfThoseThatFollowEachOther) {
  Bytes payload;
  for (std::uint32_t i = 0; i < 5; ++i) {
    const bool last = i == 4;
    const Bytes one = segment(
        {.sequence = 1000 + i * 1000,
         .size = last ? 300 : kPiece,
         .flags = static_cast<std::uint8_t>(flag::kAck | (last ? flag::kPsh | flag::kFin : 0))},
        GetParam());
    ASSERT_TRUE(joiner_.take(one)) << i;
    payload.insert(payload.end(), one.end() - (last ? 300 : kPiece), one.end());
  }
  const HandedOut out = hand_out(joiner_);
  EXPECT_EQ(out.header.piece_size, kPiece);
  EXPECT_EQ(out.header.cut_as, GetParam() ? VirtioHeader::kTcp4 : VirtioHeader::kTcp6);

  // With the checksum finished as its header asks, it is one right segment.
  Bytes whole = out.datagram;
  const std::span summed = std::span(whole).subspan(out.header.checksum_start);
  const std::uint16_t sum = wire::checksum(summed);
  summed[out.header.checksum_offset] = static_cast<std::uint8_t>(sum >> 8);
  summed[out.header.checksum_offset + 1u] = static_cast<std::uint8_t>(sum);
  wire::Datagram datagram;
  ASSERT_EQ(wire::parse(whole, datagram), wire::Malformed::none);
  EXPECT_TRUE(wire::has_right_transport_checksum(whole, datagram));
  const tcp::Segment read = tcp::read_segment(whole, datagram);
  EXPECT_EQ(read.sequence, 1000u);
  EXPECT_EQ(read.flags, flag::kAck | flag::kPsh | flag::kFin);
  EXPECT_EQ(Bytes(read.payload.begin(), read.payload.end()), payload);
}

TEST_P(Joiner, TakesNothingThatDiffersInMoreThanItsPlace) {
  const Said next{.sequence = 2000};
  std::vector<std::pair<const char*, Said>> others(7, {"", next});
  others[0] = {"a gap", {.sequence = 2001}};
  others[1] = {"another connection", {.sequence = 2000, .port = 4001}};
  others[2] = {"another acknowledgment", {.sequence = 2000, .acknowledgment = 78}};
  others[3] = {"another time", {.sequence = 2000, .timestamp = 6}};
  others[4] = {"a longer one", {.sequence = 2000, .size = kPiece + 1}};
  others[5] = {"no payload", {.sequence = 2000, .size = 0}};
  others[6] = {"congestion", {.sequence = 2000, .flags = flag::kAck | flag::kCwr}};
  for (const auto& [what, other] : others) {
    SegmentJoiner joiner;
    ASSERT_TRUE(joiner.take(segment({}, GetParam())));
    EXPECT_FALSE(joiner.take(segment(other, GetParam()))) << what;
    EXPECT_EQ(hand_out(joiner).datagram, segment({}, GetParam())) << what;
  }
}

TEST_P(Joiner, LetsNothingFollowAShortOneOrAPush) {
  for (const Said& first :
       {Said{.flags = flag::kAck | flag::kPsh}, Said{.flags = flag::kAck | flag::kCwr}}) {
    SegmentJoiner joiner;
    ASSERT_TRUE(joiner.take(segment(first, GetParam())));
    EXPECT_FALSE(joiner.take(segment({.sequence = 2000}, GetParam())));
  }
  ASSERT_TRUE(joiner_.take(segment({}, GetParam())));
  ASSERT_TRUE(joiner_.take(segment({.sequence = 2000, .size = 999}, GetParam())));
  EXPECT_FALSE(joiner_.take(segment({.sequence = 2999}, GetParam())));
}

TEST_P(Joiner, StopsAtTheLargestDatagram) {
  std::uint32_t sequence = 1000;
  while (joiner_.take(segment({.sequence = sequence}, GetParam()))) sequence += kPiece;
  EXPECT_EQ(sequence, 1000u + 65 * kPiece);
  EXPECT_LE(hand_out(joiner_).datagram.size(), 65535u);
}

}  // namespace
}  // namespace poise::realnet
