// What is written is read back, with right checksums, whatever it is.
#include "model/tcp/segment/segment.h"

#include <gtest/gtest.h>

#include "model/random.h"
#include "tests/tcp_segment/segments.h"

namespace poise::tcp {
namespace {

constexpr Family kFamilies[] = {Family::v4, Family::v6};
constexpr Personality kPersonalities[] = {Personality::linux_, Personality::freebsd};

Options random_options(Rng& rng, bool syn) {
  Options options;
  if (syn && rng.below(2)) options.mss = static_cast<std::uint16_t>(1 + rng.below(65535));
  if (syn && rng.below(2)) options.window_scale = static_cast<std::uint8_t>(rng.below(15));
  if (syn) options.sack_permitted = rng.below(2) != 0;
  if (rng.below(2))
    options.timestamps =
        Timestamps{static_cast<std::uint32_t>(rng.next()), static_cast<std::uint32_t>(rng.next())};
  if (!syn) options.sack_count = static_cast<std::uint8_t>(rng.below(options.timestamps ? 4 : 5));
  for (std::size_t i = 0; i < options.sack_count; ++i)
    options.sacks[i] = {static_cast<Seq>(rng.next()), static_cast<Seq>(rng.next())};
  return options;
}

Bytes random_bytes(Rng& rng, std::size_t size) {
  Bytes bytes(size);
  for (auto& byte : bytes) byte = static_cast<std::uint8_t>(rng.next());
  return bytes;
}

TEST(Segment, IsReadAsItWasWritten) {
  for (std::uint64_t seed = 0; seed < 4000; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Rng rng(seed);
    Segment segment;
    segment.sequence = static_cast<Seq>(rng.next());
    segment.acknowledgment = static_cast<Seq>(rng.next());
    segment.flags = static_cast<std::uint8_t>(rng.next());
    segment.window = static_cast<std::uint16_t>(rng.next());
    segment.urgent = static_cast<std::uint16_t>(rng.next());
    segment.ecn = static_cast<std::uint8_t>(rng.below(4));
    segment.options = random_options(rng, segment.has(flag::kSyn));
    const Bytes first = random_bytes(rng, rng.below(1500)),
                second = random_bytes(rng, rng.below(9));
    const Family family = kFamilies[rng.below(2)];
    const Envelope envelope{client_flow(family), kPersonalities[rng.below(2)],
                            static_cast<std::uint8_t>(1 + rng.below(255))};

    const Bytes bytes = written(segment, envelope, first, second);
    ASSERT_EQ(bytes.size(), (family == Family::v4 ? 40 : 60) + options_size(segment.options) +
                                first.size() + second.size());
    wire::Datagram datagram;
    ASSERT_EQ(wire::parse(bytes, datagram), wire::Malformed::none);
    ASSERT_TRUE(wire::has_right_transport_checksum(bytes, datagram));
    EXPECT_EQ(datagram.source, envelope.key.destination);
    EXPECT_EQ(datagram.destination, envelope.key.source);
    EXPECT_EQ(datagram.source_port, envelope.key.destination_port);
    EXPECT_EQ(datagram.destination_port, envelope.key.source_port);
    EXPECT_EQ(datagram.ttl, envelope.ttl);
    EXPECT_TRUE(datagram.dont_fragment);

    const Segment again = read_segment(bytes, datagram);
    EXPECT_EQ(again.sequence, segment.sequence);
    EXPECT_EQ(again.acknowledgment, segment.acknowledgment);
    EXPECT_EQ(again.flags, segment.flags);
    EXPECT_EQ(again.window, segment.window);
    EXPECT_EQ(again.urgent, segment.urgent);
    EXPECT_EQ(again.ecn, segment.ecn);
    EXPECT_TRUE(equal(again.options, segment.options));
    Bytes whole = first;
    whole.insert(whole.end(), second.begin(), second.end());
    EXPECT_EQ(Bytes(again.payload.begin(), again.payload.end()), whole);
  }
}

TEST(Segment, IsNotWrittenWhereItDoesNotFit) {
  const Bytes payload(100);
  for (const Family family : kFamilies) {
    const Envelope envelope{client_flow(family)};
    const std::size_t size = written({}, envelope, payload).size();
    Bytes memory(size - 1, 0xa5);
    const Bytes before = memory;
    EXPECT_EQ(write_segment(memory, envelope, {}, payload), 0u);
    EXPECT_EQ(memory, before);
  }
}

TEST(Segment, IsNotWrittenLargerThanADatagram) {
  Bytes memory(70000);
  const Bytes payload(65535);
  for (const Family family : kFamilies) {
    const Envelope envelope{client_flow(family)};
    const std::size_t largest = family == Family::v4 ? 65535 - 40 : 65535 - 20;
    const std::span<const std::uint8_t> bytes = payload;
    EXPECT_GT(write_segment(memory, envelope, {}, bytes.first(largest)), 0u);
    EXPECT_EQ(write_segment(memory, envelope, {}, bytes.first(largest + 1)), 0u);
  }
}

TEST(Segment, TakesOneOfTheSequenceSpaceForSynAndFin) {
  Segment segment;
  const Bytes payload(7);
  segment.payload = payload;
  EXPECT_EQ(segment.length(), 7u);
  segment.flags = flag::kSyn;
  EXPECT_EQ(segment.length(), 8u);
  segment.flags = flag::kSyn | flag::kFin | flag::kAck;
  EXPECT_EQ(segment.length(), 9u);
}

TEST(Segment, OfNoConnectionIsAnsweredByTheResetOfRfc9293) {
  Segment segment;
  segment.sequence = 0xfffffffe;
  segment.acknowledgment = 77;
  const Bytes payload(5);
  segment.payload = payload;
  segment.flags = flag::kSyn;
  std::optional<Segment> reset = reset_for(segment);
  ASSERT_TRUE(reset);  // without ACK: from zero, and acknowledging all of it
  EXPECT_EQ(reset->flags, flag::kRst | flag::kAck);
  EXPECT_EQ(reset->sequence, 0u);
  EXPECT_EQ(reset->acknowledgment, 4u);

  segment.flags = flag::kAck | flag::kPsh;
  reset = reset_for(segment);
  ASSERT_TRUE(reset);  // with ACK: where the peer expects it
  EXPECT_EQ(reset->flags, flag::kRst);
  EXPECT_EQ(reset->sequence, 77u);
  EXPECT_EQ(reset->length(), 0u);
}

TEST(Segment, ThatIsAResetIsNotAnswered) {
  Segment segment;
  segment.flags = flag::kRst;
  EXPECT_FALSE(reset_for(segment));
  segment.flags = flag::kRst | flag::kAck;
  EXPECT_FALSE(reset_for(segment));
}

}  // namespace
}  // namespace poise::tcp
