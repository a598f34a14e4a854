// A cookie holds its handshake, for two minutes, and nothing that is not one opens.
#include <gtest/gtest.h>

#include "model/random.h"
#include "model/tcp/segment/initial_sequence.h"
#include "tests/tcp_segment/segments.h"

namespace poise::tcp {
namespace {

constexpr SipKey kKey{0x0706050403020100, 0x0f0e0d0c0b0a0908};
constexpr std::uint64_t kMinute = 10;
const FlowKey kFlow = client_flow(Family::v4);

Segment syn(std::optional<std::uint16_t> mss, std::optional<Timestamps> timestamps = {}) {
  Segment segment;
  segment.sequence = 0xdeadbeef;
  segment.flags = flag::kSyn;
  segment.options.mss = mss;
  segment.options.timestamps = timestamps;
  return segment;
}

// The client's answer to the SYN-ACK that the cookie makes.
Segment answer_to(const Cookie& cookie, const Segment& first) {
  Segment ack;
  ack.sequence = first.sequence + 1;
  ack.acknowledgment = cookie.iss + 1;
  ack.flags = flag::kAck;
  if (first.options.timestamps)
    ack.options.timestamps = Timestamps{first.options.timestamps->value + 1, cookie.timestamp};
  return ack;
}

// What the client's MSS becomes on its way through a cookie.
std::uint16_t carried(std::optional<std::uint16_t> mss, const FlowKey& flow = kFlow) {
  const Segment first = syn(mss);
  const Cookie cookie = make_cookie(kKey, flow, first, kMinute, 0, false);
  const auto handshake = open_cookie(kKey, flow, answer_to(cookie, first), kMinute);
  EXPECT_TRUE(handshake && handshake->mss == cookie.mss);
  return cookie.mss;
}

TEST(Cookie, CarriesTheMssRoundedDownToAStep) {
  constexpr std::uint16_t kSteps[] = {64, 536, 1220, 1360, 1440, 1460, 8940, 65476};
  std::uint16_t below = 64;  // less than that is read as that: it would be a fault or an attack
  for (const std::uint16_t step : kSteps) {
    EXPECT_EQ(carried(static_cast<std::uint16_t>(step - 1)), below);
    EXPECT_EQ(carried(step), step);
    EXPECT_EQ(carried(static_cast<std::uint16_t>(step + 1)), step);
    below = step;
  }
  EXPECT_EQ(carried(1), 64);
  EXPECT_EQ(carried(65535), 65476);
}

TEST(Cookie, TakesTheDefaultOfTheFamilyForAnMssThatIsNotThere) {
  EXPECT_EQ(carried({}), 536);
  EXPECT_EQ(carried({}, client_flow(Family::v6)), 1220);
}

TEST(Cookie, CarriesEveryOptionThroughTheTimestamp) {
  for (unsigned bits = 0; bits < 64; ++bits)
    for (std::uint32_t clock = 0xffffffc0; clock != 70; ++clock) {
      Segment first = syn(1460, Timestamps{5, 0});
      if ((bits & 15) != 15) first.options.window_scale = static_cast<std::uint8_t>(bits & 15);
      first.options.sack_permitted = (bits & 16) != 0;
      const bool ecn = (bits & 32) != 0;
      const Cookie cookie = make_cookie(kKey, kFlow, first, kMinute, clock, ecn);
      ASSERT_LT(clock - cookie.timestamp, 64u);  // never ahead of the clock, and hardly behind
      const auto handshake = open_cookie(kKey, kFlow, answer_to(cookie, first), kMinute);
      ASSERT_TRUE(handshake);
      EXPECT_TRUE(handshake->timestamps);
      EXPECT_EQ(handshake->window_scale, first.options.window_scale);
      EXPECT_EQ(handshake->sack_permitted, first.options.sack_permitted);
      EXPECT_EQ(handshake->ecn, ecn);
      EXPECT_EQ(handshake->irs, first.sequence);
      EXPECT_EQ(handshake->iss, cookie.iss);
      ASSERT_LT(clock - cookie_timestamp(clock, *handshake), 64u);
      EXPECT_EQ(cookie_timestamp(clock, *handshake), cookie.timestamp);
    }
}

TEST(Cookie, WithoutTimestampsCarriesNoOptionButTheMss) {
  Segment first = syn(1460);
  first.options.window_scale = 7;
  first.options.sack_permitted = true;
  const Cookie cookie = make_cookie(kKey, kFlow, first, kMinute, 99, true);
  Handshake expected;
  expected.irs = first.sequence;
  expected.iss = cookie.iss;
  expected.mss = 1460;
  EXPECT_EQ(open_cookie(kKey, kFlow, answer_to(cookie, first), kMinute), expected);
}

TEST(Cookie, OpensWithTheFirstDataToo) {
  const Segment first = syn(1460);
  Segment data = answer_to(make_cookie(kKey, kFlow, first, kMinute, 0, false), first);
  const Bytes payload(100);
  data.payload = payload;
  data.flags = flag::kAck | flag::kPsh | flag::kFin;
  EXPECT_TRUE(open_cookie(kKey, kFlow, data, kMinute));
}

TEST(Cookie, IsThatOfAnotherImplementation) {
  Segment first = syn(1460, Timestamps{5, 0});
  first.options.window_scale = 7;
  first.options.sack_permitted = true;
  EXPECT_EQ(make_cookie(kKey, kFlow, first, 10, 0, false).iss, 0x843de093);
  EXPECT_EQ(make_cookie(kKey, client_flow(Family::v6), syn({}), 1000, 0, false).iss, 0x8e658129);
}

TEST(Cookie, GrowsWithTheClientsNumberAndWithTime) {
  constexpr Seq kSealSpan = 1u << 21;
  const Segment first = syn(1460);
  Segment later = first;
  later.sequence += 1u << 24;
  const Seq iss = make_cookie(kKey, kFlow, first, kMinute, 0, false).iss;
  for (const Seq other : {make_cookie(kKey, kFlow, first, kMinute + 1, 0, false).iss,
                          make_cookie(kKey, kFlow, later, kMinute, 0, false).iss}) {
    EXPECT_GT(other - iss, (1u << 24) - kSealSpan);
    EXPECT_LT(other - iss, (1u << 24) + kSealSpan);
  }
}

TEST(Cookie, OpensUntilItIsOlderThanTwoMinutes) {
  for (const std::uint64_t minute : {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{255},
                                     std::uint64_t{1000}, std::uint64_t{1} << 40}) {
    const Segment first = syn(1460);
    const Segment ack = answer_to(make_cookie(kKey, kFlow, first, minute, 0, false), first);
    for (std::uint64_t age = 0; age < 600; ++age)
      EXPECT_EQ(open_cookie(kKey, kFlow, ack, minute + age).has_value(), age <= 2) << age;
    for (std::uint64_t early = 1; early <= std::min<std::uint64_t>(minute, 600); ++early)
      EXPECT_FALSE(open_cookie(kKey, kFlow, ack, minute - early)) << early;
  }
}

TEST(Cookie, OfAnotherKeyOrFlowIsRefused) {
  for (const bool timestamps : {false, true}) {
    const Segment first = syn(1460, timestamps ? std::optional(Timestamps{5, 0}) : std::nullopt);
    const Segment ack = answer_to(make_cookie(kKey, kFlow, first, kMinute, 77, false), first);
    ASSERT_TRUE(open_cookie(kKey, kFlow, ack, kMinute));
    for (int bit = 0; bit < 64; ++bit) {
      const std::uint64_t flip = std::uint64_t{1} << bit;
      EXPECT_FALSE(open_cookie({kKey.k0 ^ flip, kKey.k1}, kFlow, ack, kMinute));
      EXPECT_FALSE(open_cookie({kKey.k0, kKey.k1 ^ flip}, kFlow, ack, kMinute));
    }
    for (int bit = 0; bit < 16; ++bit) {
      FlowKey other = kFlow;
      other.source_port = static_cast<std::uint16_t>(other.source_port ^ 1 << bit);
      EXPECT_FALSE(open_cookie(kKey, other, ack, kMinute));
      other = kFlow;
      other.destination_port = static_cast<std::uint16_t>(other.destination_port ^ 1 << bit);
      EXPECT_FALSE(open_cookie(kKey, other, ack, kMinute));
    }
    for (int bit = 0; bit < 32; ++bit) {
      FlowKey other = kFlow;
      other.source = Address::v4(kFlow.source.as_v4() ^ 1u << bit);
      EXPECT_FALSE(open_cookie(kKey, other, ack, kMinute));
      other = kFlow;
      other.destination = Address::v4(kFlow.destination.as_v4() ^ 1u << bit);
      EXPECT_FALSE(open_cookie(kKey, other, ack, kMinute));
    }
  }
}

TEST(Cookie, ThatWasChangedInAnyBitIsRefused) {
  for (const bool timestamps : {false, true}) {
    const Segment first = syn(1460, timestamps ? std::optional(Timestamps{5, 0}) : std::nullopt);
    const Segment ack = answer_to(make_cookie(kKey, kFlow, first, kMinute, 77, false), first);
    for (int bit = 0; bit < 32; ++bit) {
      Segment other = ack;
      other.acknowledgment ^= 1u << bit;
      EXPECT_FALSE(open_cookie(kKey, kFlow, other, kMinute)) << "acknowledgment, bit " << bit;
      other = ack;
      other.sequence ^= 1u << bit;
      EXPECT_FALSE(open_cookie(kKey, kFlow, other, kMinute)) << "sequence, bit " << bit;
    }
    if (!timestamps) continue;
    for (int bit = 0; bit < 6; ++bit) {  // what was agreed on cannot be had otherwise
      Segment other = ack;
      other.options.timestamps->echo ^= 1u << bit;
      EXPECT_FALSE(open_cookie(kKey, kFlow, other, kMinute)) << "echo, bit " << bit;
    }
  }
}

TEST(Cookie, IsRefusedWithTimestampsThatComeOrGo) {
  Segment first = syn(1460);
  Segment ack = answer_to(make_cookie(kKey, kFlow, first, kMinute, 0, false), first);
  ack.options.timestamps = Timestamps{1, 15};
  EXPECT_FALSE(open_cookie(kKey, kFlow, ack, kMinute));
  first = syn(1460, Timestamps{5, 0});
  ack = answer_to(make_cookie(kKey, kFlow, first, kMinute, 0, false), first);
  ack.options.timestamps.reset();
  EXPECT_FALSE(open_cookie(kKey, kFlow, ack, kMinute));
}

// A stray of a connection that is gone: its client acknowledges the first bytes of an answer.
TEST(Cookie, DoesNotOpenForWhatAcknowledgesMoreThanOurSyn) {
  const Segment first = syn(1460);
  Segment ack = answer_to(make_cookie(kKey, kFlow, first, kMinute, 0, false), first);
  for (int bytes = 1; bytes <= 100000; ++bytes) {
    ++ack.acknowledgment;
    ASSERT_FALSE(open_cookie(kKey, kFlow, ack, kMinute)) << bytes;
  }
}

TEST(Cookie, OpensForAcknowledgmentsOnly) {
  const Segment first = syn(1460);
  Segment ack = answer_to(make_cookie(kKey, kFlow, first, kMinute, 0, false), first);
  for (unsigned flags = 0; flags < 256; ++flags) {
    ack.flags = static_cast<std::uint8_t>(flags);
    const bool right = (flags & flag::kAck) && !(flags & (flag::kSyn | flag::kRst));
    EXPECT_EQ(open_cookie(kKey, kFlow, ack, kMinute).has_value(), right) << flags;
  }
}

// Of 2^32 numbers 24 are right: of four million, less than one in forty times.
TEST(Cookie, IsNotGuessedInFourMillionTimes) {
  Rng rng(20);
  Segment ack;
  ack.flags = flag::kAck;
  for (int i = 0; i < 4'000'000; ++i) {
    const std::uint64_t guess = rng.next();
    ack.sequence = static_cast<Seq>(guess);
    ack.acknowledgment = static_cast<Seq>(guess >> 32);
    ASSERT_FALSE(open_cookie(kKey, kFlow, ack, kMinute)) << "guess " << i;
  }
}

TEST(Cookie, HoldsAnyHandshakeOfAnyFlow) {
  for (std::uint64_t seed = 0; seed < 20000; ++seed) {
    Rng rng(seed);
    FlowKey flow = client_flow(rng.below(2) ? Family::v4 : Family::v6);
    flow.source_port = static_cast<std::uint16_t>(rng.next());
    const SipKey key{rng.next(), rng.next()};
    Segment first = syn(static_cast<std::uint16_t>(64 + rng.below(65472)));
    first.sequence = static_cast<Seq>(rng.next());
    if (rng.below(2)) first.options.timestamps = Timestamps{static_cast<Seq>(rng.next()), 0};
    if (rng.below(2)) first.options.window_scale = static_cast<std::uint8_t>(rng.below(15));
    first.options.sack_permitted = rng.below(2) != 0;
    const bool ecn = rng.below(2) != 0;
    const std::uint64_t minute = rng.next() >> rng.below(64);
    const Cookie cookie =
        make_cookie(key, flow, first, minute, static_cast<std::uint32_t>(rng.next()), ecn);
    Handshake expected;
    expected.irs = first.sequence;
    expected.iss = cookie.iss;
    expected.mss = cookie.mss;
    if (first.options.timestamps) {
      expected.timestamps = true;
      expected.window_scale = first.options.window_scale;
      expected.sack_permitted = first.options.sack_permitted;
      expected.ecn = ecn;
    }
    ASSERT_EQ(open_cookie(key, flow, answer_to(cookie, first), minute), expected)
        << "seed " << seed;
  }
}

}  // namespace
}  // namespace poise::tcp
