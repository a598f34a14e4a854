// Options as Linux and FreeBSD write them, byte for byte, and options that no stack should write.
#include <gtest/gtest.h>

#include <algorithm>

#include "model/random.h"
#include "tests/tcp_segment/segments.h"

namespace poise::tcp {
namespace {

// What a handshake may offer, in every combination.
struct Offer {
  bool timestamps, sack, scale;
  std::string_view linux_, freebsd;
};

// Linux: as its 6.x kernels send it on loopback with each of tcp_timestamps, tcp_sack and
// tcp_window_scaling on and off. FreeBSD: by the rules of tcp_addoptions(), which put each option
// to the next place that aligns it, and end the list with EOL and zeros; the full one is what p0f
// knows as "mss,nop,ws,sok,ts".
constexpr Offer kOffers[] = {
    {false, false, false, "020405b4", "020405b4"},
    {false, false, true, "020405b4 0103030a", "020405b4 0103030a"},
    {false, true, false, "020405b4 01010402", "020405b4 04020000"},
    {false, true, true, "020405b4 01010402 0103030a", "020405b4 0103030a 04020000"},
    {true, false, false, "020405b4 0101080a 773afdcb c8dde01f",
     "020405b4 0101080a 773afdcb c8dde01f"},
    {true, false, true, "020405b4 0101080a 773afdcb c8dde01f 0103030a",
     "020405b4 0103030a 0101080a 773afdcb c8dde01f"},
    {true, true, false, "020405b4 0402080a 773afdcb c8dde01f",
     "020405b4 0402080a 773afdcb c8dde01f"},
    {true, true, true, "020405b4 0402080a 773afdcb c8dde01f 0103030a",
     "020405b4 0103030a 0402080a 773afdcb c8dde01f"},
};

TEST(Options, OfAHandshakeAreThoseOfLinuxAndFreebsd) {
  for (const Offer& offer : kOffers) {
    Segment segment;
    segment.flags = flag::kSyn | flag::kAck;
    segment.options.mss = 1460;
    segment.options.sack_permitted = offer.sack;
    if (offer.timestamps) segment.options.timestamps = Timestamps{0x773afdcb, 0xc8dde01f};
    if (offer.scale) segment.options.window_scale = 10;
    const FlowKey flow = client_flow(Family::v4);
    EXPECT_EQ(options_in(written(segment, {flow, Personality::linux_})), from_hex(offer.linux_));
    EXPECT_EQ(options_in(written(segment, {flow, Personality::freebsd})), from_hex(offer.freebsd));
    EXPECT_EQ(options_size(segment.options), from_hex(offer.linux_).size());
    EXPECT_EQ(options_size(segment.options), from_hex(offer.freebsd).size());
  }
}

TEST(Options, OfAnEstablishedConnectionAreTheSameForBoth) {
  const FlowKey flow = client_flow(Family::v4);
  for (const Personality personality : {Personality::linux_, Personality::freebsd}) {
    Segment segment;
    segment.flags = flag::kAck;
    EXPECT_TRUE(options_in(written(segment, {flow, personality})).empty());
    segment.options.sack_count = 1;
    segment.options.sacks[0] = {1000, 2000};
    EXPECT_EQ(options_in(written(segment, {flow, personality})),
              from_hex("0101050a 000003e8 000007d0"));
    segment.options.timestamps = Timestamps{1, 2};
    EXPECT_EQ(options_in(written(segment, {flow, personality})),
              from_hex("0101080a 00000001 00000002 0101050a 000003e8 000007d0"));
  }
}

TEST(Options, CarryAsManySackBlocksAsFit) {
  Segment segment;
  segment.flags = flag::kAck;
  segment.options.sack_count = 4;
  for (Seq i = 0; i < 4; ++i) segment.options.sacks[i] = {10 * i, 10 * i + 5};
  EXPECT_EQ(options_size(segment.options), 36u);
  Bytes bytes = written(segment, {client_flow(Family::v4)});
  EXPECT_EQ(read(bytes).options.sack_count, 4);
  segment.options.timestamps = Timestamps{1, 2};  // RFC 2018, 3: then three
  EXPECT_EQ(options_size(segment.options), 40u);
  bytes = written(segment, {client_flow(Family::v4)});
  const Segment again = read(bytes);
  ASSERT_EQ(again.options.sack_count, 3);
  EXPECT_TRUE(std::equal(again.options.sacks.begin(), again.options.sacks.begin() + 3,
                         segment.options.sacks.begin()));
}

TEST(Options, OfASynCarryNoSackBlocks) {
  Segment segment;
  segment.flags = flag::kSyn;
  segment.options.sack_permitted = true;
  segment.options.sack_count = 1;
  EXPECT_EQ(options_size(segment.options), 4u);
  EXPECT_EQ(options_in(written(segment, {client_flow(Family::v4)})), from_hex("01010402"));
}

// What is read of an IPv4 segment with these options.
Options options_of(std::uint8_t flags, std::string_view hex) {
  const Bytes bytes = with_options(flags, from_hex(hex), {1, 2, 3});
  const Segment segment = read(bytes);
  EXPECT_EQ(segment.payload.size(), 3u);
  return segment.options;
}

// Of ftcp's bugs, the first: each of these segments stopped its whole stack.
TEST(Options, WithAKindAsTheLastByteEndThere) {
  const Options options = options_of(flag::kSyn, "020405b4 01010102");
  EXPECT_EQ(options.mss, 1460);
}

TEST(Options, OfLengthZeroEndTheList) {
  const Options options = options_of(flag::kSyn, "020405b4 03000000 01010402");
  EXPECT_EQ(options.mss, 1460);  // what stood before stands
  EXPECT_FALSE(options.window_scale);
  EXPECT_FALSE(options.sack_permitted);
}

TEST(Options, OfLengthOneEndTheList) {
  const Options options = options_of(flag::kSyn, "020405b4 1e010402");
  EXPECT_EQ(options.mss, 1460);
  EXPECT_FALSE(options.sack_permitted);
}

TEST(Options, CutShortEndTheList) {
  EXPECT_FALSE(options_of(flag::kAck, "0101080a 00000001").timestamps);
  EXPECT_FALSE(options_of(flag::kSyn, "01010204").mss);
  EXPECT_EQ(options_of(flag::kAck, "01010512 00000001 00000002").sack_count, 0);
  // By one byte, which the payload has.
  EXPECT_FALSE(options_of(flag::kAck, "01010108 0a000000 01000000").timestamps);
  EXPECT_FALSE(options_of(flag::kSyn, "01020405").mss);
}

TEST(Options, BehindADataOffsetBelowFiveAreNoSegment) {
  Bytes bytes = with_options(flag::kSyn, from_hex("020405b4"));
  wire::Datagram datagram;
  for (unsigned words = 0; words < 5; ++words) {
    bytes[32] = static_cast<std::uint8_t>(words << 4);
    EXPECT_EQ(wire::parse(bytes, datagram), wire::Malformed::transport_length);
  }
  bytes[32] = 0xf0;  // sixty bytes, of which 24 are there
  EXPECT_EQ(wire::parse(bytes, datagram), wire::Malformed::transport_length);
}

TEST(Options, WithALengthThatIsNotTheirKindsAreSkipped) {
  const Options options =
      options_of(flag::kSyn, "0203ff 0304ffff 040300 0804ffff 0506ffffffff 020405b4");
  EXPECT_EQ(options.mss, 1460);
  EXPECT_FALSE(options.window_scale);
  EXPECT_FALSE(options.sack_permitted);
  EXPECT_FALSE(options.timestamps);
  EXPECT_EQ(options.sack_count, 0);
}

TEST(Options, BehindTheEndOfTheListDoNotCount) {
  EXPECT_FALSE(options_of(flag::kSyn, "01000000 020405b4").mss);
}

TEST(Options, ThatAreUnknownAreSkipped) {
  const Options options = options_of(flag::kSyn, "fd08 010203040506 2202 1e04 0000 020405b4 0402");
  EXPECT_EQ(options.mss, 1460);
  EXPECT_TRUE(options.sack_permitted);
}

TEST(Options, OfAHandshakeCountNowhereElse) {
  const Options options = options_of(flag::kAck, "020405b4 01030307 04020101");
  EXPECT_FALSE(options.mss);
  EXPECT_FALSE(options.window_scale);
  EXPECT_FALSE(options.sack_permitted);
}

TEST(Options, ScaleByFourteenAtMost) {
  EXPECT_EQ(options_of(flag::kSyn, "0103030e").window_scale, 14);
  EXPECT_EQ(options_of(flag::kSyn, "0103030f").window_scale, 14);
  EXPECT_EQ(options_of(flag::kSyn, "010303ff").window_scale, 14);
}

TEST(Options, OfAnMssOfZeroCountAsNone) {
  EXPECT_FALSE(options_of(flag::kSyn, "02040000").mss);
}

TEST(Options, ThatAreRepeatedCountByTheLast) {
  EXPECT_EQ(options_of(flag::kSyn, "02040200 020405b4").mss, 1460);
}

TEST(Options, OfAnyBytesAreReadWithinTheirHeader) {
  for (std::uint64_t seed = 0; seed < 20000; ++seed) {
    Rng rng(seed);
    Bytes bytes(rng.below(11) * 4);
    for (auto& byte : bytes)  // mostly kinds and lengths that could be
      byte = static_cast<std::uint8_t>(rng.below(4) ? rng.below(12) : rng.next());
    const Bytes payload(rng.below(4), 4);
    const Bytes segment = with_options(static_cast<std::uint8_t>(rng.next()), bytes, payload);
    const Segment got = read(segment);
    ASSERT_EQ(Bytes(got.payload.begin(), got.payload.end()), payload) << "seed " << seed;
    ASSERT_LE(got.options.sack_count, kSackBlocksMax);
    ASSERT_LE(got.options.window_scale.value_or(0), 14);
  }
}

}  // namespace
}  // namespace poise::tcp
