// Initial sequence numbers grow and cannot be guessed; a cookie holds its handshake and nothing
// else opens.
#include "model/tcp/segment/initial_sequence.h"

#include <gtest/gtest.h>

#include "model/random.h"
#include "tests/tcp_segment/segments.h"

namespace poise::tcp {
namespace {

using namespace std::chrono_literals;

constexpr SipKey kKey{0x0706050403020100, 0x0f0e0d0c0b0a0908};

Segment syn(std::optional<std::uint16_t> mss = 1460) {
  Segment segment;
  segment.sequence = 0xdeadbeef;
  segment.flags = flag::kSyn;
  segment.options.mss = mss;
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

TEST(InitialSequence, TicksEveryFourMicroseconds) {
  const FlowKey flow = client_flow(Family::v4);
  const Seq start = initial_sequence(kKey, flow, Instant{});
  EXPECT_EQ(initial_sequence(kKey, flow, Instant{3999ns}), start);
  EXPECT_EQ(initial_sequence(kKey, flow, Instant{4us}), start + 1);
  EXPECT_EQ(initial_sequence(kKey, flow, Instant{1s}), start + 250'000);
}

TEST(Cookie, HoldsTheHandshakeThatItWasMadeOf) {
  for (std::uint64_t seed = 0; seed < 4000; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Rng rng(seed);
    const FlowKey flow = client_flow(rng.below(2) ? Family::v4 : Family::v6);
    Segment first = syn(static_cast<std::uint16_t>(64 + rng.below(65472)));
    first.sequence = static_cast<Seq>(rng.next());
    const bool timestamps = rng.below(2) != 0;
    const bool ecn = rng.below(2) != 0;
    if (timestamps)
      first.options.timestamps = Timestamps{static_cast<std::uint32_t>(rng.next()), 0};
    if (rng.below(2)) first.options.window_scale = static_cast<std::uint8_t>(rng.below(15));
    first.options.sack_permitted = rng.below(2) != 0;
    const std::uint64_t minutes = rng.below(1000);
    const auto clock = static_cast<std::uint32_t>(rng.next());

    const Cookie cookie = make_cookie(kKey, flow, first, minutes, clock, ecn);
    EXPECT_LE(cookie.mss, *first.options.mss);
    EXPECT_LT(clock - cookie.timestamp, 128u);  // never ahead, hardly behind
    const auto handshake =
        open_cookie(kKey, flow, answer_to(cookie, first), minutes + rng.below(3));
    ASSERT_TRUE(handshake);
    Handshake expected;
    expected.irs = first.sequence;
    expected.iss = cookie.iss;
    expected.mss = cookie.mss;
    if (timestamps) {
      expected.timestamps = true;
      expected.window_scale = first.options.window_scale;
      expected.sack_permitted = first.options.sack_permitted;
      expected.ecn = ecn;
    }
    EXPECT_EQ(*handshake, expected);
  }
}

TEST(Cookie, OfAnotherKeyFlowOrTimeIsRefused) {
  const FlowKey flow = client_flow(Family::v4);
  const Segment first = syn();
  const Segment ack = answer_to(make_cookie(kKey, flow, first, 10, 0, false), first);
  EXPECT_TRUE(open_cookie(kKey, flow, ack, 10));
  EXPECT_FALSE(open_cookie({kKey.k0, kKey.k1 ^ 1}, flow, ack, 10));
  FlowKey other = flow;
  ++other.source_port;
  EXPECT_FALSE(open_cookie(kKey, other, ack, 10));
  EXPECT_TRUE(open_cookie(kKey, flow, ack, 12));
  EXPECT_FALSE(open_cookie(kKey, flow, ack, 13));
  EXPECT_FALSE(open_cookie(kKey, flow, ack, 9));
  EXPECT_FALSE(open_cookie(kKey, flow, ack, 10 + 256));
}

}  // namespace
}  // namespace poise::tcp
