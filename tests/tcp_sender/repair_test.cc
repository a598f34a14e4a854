// How losses are noticed and repaired, step by step.
#include <gtest/gtest.h>

#include "model/tcp/sender/scoreboard.h"
#include "tests/tcp_sender/hand.h"

namespace poise::tcp {
namespace {

using namespace std::chrono_literals;

TEST(FastRetransmit, NeedsNoTimeoutForOneLossInAWindow) {
  for (const bool sack : {false, true})
    for (const bool rack : {false, true})
      for (const bool prr : {false, true}) {
        PathPlan plan;
        plan.sack = sack;
        plan.sender.rack_tlp = rack;
        plan.sender.prr = prr;
        plan.drops = [](std::uint64_t count, Range) { return count == 40; };
        Path path(plan);
        path.run();
        EXPECT_EQ(path.sender().counters().timeouts, 0u) << sack << rack << prr;
        EXPECT_EQ(path.sender().counters().recoveries, 1u) << sack << rack << prr;
        EXPECT_EQ(path.sender().counters().retransmitted, 1u) << sack << rack << prr;
      }
}

TEST(FastRetransmit, RepairsManyLossesOfAWindowInOneRecovery) {
  for (const bool rack : {false, true}) {
    PathPlan plan;
    plan.sender.rack_tlp = rack;
    plan.drops = [](std::uint64_t count, Range) { return count >= 60 && count < 90 && count % 3; };
    Path path(plan);
    path.run();
    EXPECT_EQ(path.sender().counters().timeouts, 0u);
    EXPECT_EQ(path.sender().counters().recoveries, 1u);
    EXPECT_EQ(path.sender().counters().retransmitted, 20u);
  }
}

TEST(FastRetransmit, WaitsForTheThirdDuplicateWithoutSack) {
  Hand hand({.rack_tlp = false}, false);
  hand.send(10);
  hand.acknowledge(1).duplicate();
  hand.duplicate();
  EXPECT_EQ(hand.sender.counters().recoveries, 0u);
  hand.duplicate();
  EXPECT_EQ(hand.sender.counters().recoveries, 1u);
  const auto piece = hand.next();
  ASSERT_TRUE(piece);
  EXPECT_TRUE(piece->retransmission);
  EXPECT_EQ(piece->range.begin, hand.sender.una());
}

TEST(LimitedTransmit, LetsTwoNewSegmentsGoForTwoDuplicates) {
  Hand hand({.rack_tlp = false}, false);
  hand.send(10);
  EXPECT_FALSE(hand.next());
  for (int i = 0; i < 2; ++i) {
    hand.duplicate();
    const auto piece = hand.next();
    ASSERT_TRUE(piece);
    EXPECT_FALSE(piece->retransmission);
    hand.sent(*piece);
    EXPECT_FALSE(hand.next());
  }
}

TEST(Timeout, SendsTheOldestAgainInAWindowOfOneSegmentAndBacksOff) {
  Hand hand({.rack_tlp = false}, false);
  hand.send(10);
  Duration wait = hand.sender.rto();
  for (std::uint32_t i = 1; i <= 4; ++i, wait *= 2) {
    EXPECT_EQ(hand.sender.deadline(), hand.now + wait);
    hand.pass(wait);
    EXPECT_EQ(hand.sender.timeouts(), i);
    EXPECT_EQ(hand.sender.congestion_window(), hand.kMss);
    const auto piece = hand.next();
    ASSERT_TRUE(piece && piece->retransmission);
    EXPECT_EQ(piece->range, (Range{1, 1 + hand.kMss}));
    hand.sent(*piece);
    EXPECT_FALSE(hand.next());
  }
  EXPECT_EQ(hand.sender.slow_start_threshold(), 7u * hand.kMss);
}

// RFC 6298, 5.7: what was sent twice gives no sample, and the back-off stays until one comes.
TEST(Timeout, KeepsItsBackOffUntilSomethingSentOnceIsAcknowledged) {
  Hand hand({.rack_tlp = false}, false);
  hand.send(1);
  const Duration rto = hand.sender.rto();
  hand.pass(rto);
  hand.sent(*hand.next());
  hand.later(20ms).acknowledge(1);
  EXPECT_EQ(hand.sender.rto(), 2 * rto);
  hand.send(1);
  hand.later(20ms).acknowledge(1);
  EXPECT_LT(hand.sender.rto(), rto * 3 / 2);
}

TEST(Rack, WaitsAQuarterOfARoundTripForWhatMayBeReordered) {
  Hand hand({}, true);
  hand.send(10);
  hand.later(100ms).sack({2, 3});
  EXPECT_EQ(hand.sender.counters().recoveries, 0u);
  EXPECT_EQ(hand.sender.deadline(), hand.now + 25ms);
  hand.pass(25ms);
  EXPECT_EQ(hand.sender.counters().recoveries, 1u);
  EXPECT_EQ(hand.next()->range.begin, 1);
}

TEST(Rack, DoesNotWaitWhenThreeSegmentsCameAfterIt) {
  Hand hand({}, true);
  hand.send(10);
  hand.later(100ms).sack({1, 4});
  EXPECT_EQ(hand.sender.counters().recoveries, 1u);
}

TEST(Rack, NoticesThatARetransmissionIsLost) {
  PathPlan plan;
  int lost = 0;
  plan.drops = [&lost](std::uint64_t, Range range) {
    return range.begin == 1 + 30 * 1448 && lost++ < 2;
  };
  Path path(plan);
  path.run();
  EXPECT_EQ(lost, 3);
  EXPECT_EQ(path.sender().counters().timeouts, 0u) << path.story();
}

TEST(TailProbe, SparesTheTimeoutWhenTheLastSegmentIsLost) {
  PathPlan plan;
  plan.bytes = 10 * 1448;
  plan.drops = [](std::uint64_t count, Range) { return count == 9; };
  Path path(plan);
  path.run();
  EXPECT_EQ(path.sender().counters().tail_probes, 1u);
  EXPECT_EQ(path.sender().counters().timeouts, 0u);
  EXPECT_LT(to_seconds(path.now()), 0.3);
}

TEST(Eifel, TakesBackATimeoutThatWasTooEarly) {
  Hand hand({}, true);
  hand.send(10);
  const std::uint64_t window = hand.sender.congestion_window();
  const Instant sent = hand.now;
  hand.pass_until_timeout();
  hand.sent(*hand.next());
  hand.later(30ms).acknowledge(2, sent);  // by what was sent first
  EXPECT_EQ(hand.sender.counters().spurious, 1u);
  EXPECT_GE(hand.sender.slow_start_threshold(), window);
  const auto piece = hand.next();
  ASSERT_TRUE(piece);
  EXPECT_FALSE(piece->retransmission);
}

// RFC 3708: a recovery of which all arrived twice was one of reordering.
TEST(Duplicates, TakeBackARecoveryThatRepeatedInVain) {
  Hand hand({}, true);
  hand.send(10);
  const std::uint64_t window = hand.sender.congestion_window();
  hand.later(100ms).sack({1, 4});
  hand.sent(*hand.next());
  hand.acknowledge(4);  // the first was merely late
  hand.duplicate_of({1, 1001});
  EXPECT_EQ(hand.sender.counters().spurious, 1u);
  EXPECT_GE(hand.sender.slow_start_threshold(), window);
}

TEST(Rack, IsMorePatientAfterEachDuplicate) {
  Hand hand({}, true);
  hand.send(10);
  hand.later(100ms).acknowledge(1);
  hand.duplicate_of({1, 1001});
  hand.sack({1, 5});
  EXPECT_EQ(hand.sender.counters().recoveries, 0u);
  EXPECT_EQ(hand.sender.deadline(), hand.now + 50ms);
}

TEST(Frto, TakesBackATimeoutWithoutTimestampsWhenTheFirstFlightArrives) {
  Hand hand({}, true);
  hand.send(10);
  hand.pass_until_timeout();
  hand.sent(*hand.next());
  hand.later(30ms).acknowledge(3);
  EXPECT_EQ(hand.sender.counters().spurious, 1u);
}

TEST(Frto, BelievesATimeoutThatOnlyItsRetransmissionRepairs) {
  Hand hand({}, true);
  hand.send(10);
  hand.pass_until_timeout();
  hand.sent(*hand.next());
  hand.later(30ms).acknowledge(1);
  EXPECT_EQ(hand.sender.counters().spurious, 0u);
  EXPECT_TRUE(hand.next()->retransmission);
}

TEST(Ecn, HalvesOnceAWindowAndSaysSo) {
  Hand hand({.congestion = CongestionControl::newreno}, true);
  hand.send(10);
  hand.later(10ms).mark(1);
  EXPECT_EQ(hand.sender.congestion_window(), 5u * hand.kMss);
  EXPECT_TRUE(hand.sender.wants_cwr());
  hand.sender.cwr_sent();
  hand.mark(4);
  EXPECT_EQ(hand.sender.congestion_window(), 5u * hand.kMss);
  EXPECT_FALSE(hand.sender.wants_cwr());
}

TEST(Idle, StartsAgainWithTheInitialWindow) {
  Hand hand({}, true);
  for (int i = 0; i < 5; ++i) {
    hand.send(200);
    hand.later(10ms).acknowledge_all();
  }
  EXPECT_GT(hand.sender.congestion_window(), 40u * hand.kMss);
  hand.later(5s);
  hand.send(1);
  EXPECT_LE(hand.sender.congestion_window(), 14'600u);
}

TEST(Window, DoesNotGrowWhileTheApplicationDoesNotUseIt) {
  Hand hand({}, true);
  const std::uint64_t before = hand.sender.congestion_window();
  for (int i = 0; i < 100; ++i) {
    hand.send(2);
    hand.later(10ms).acknowledge_all();
  }
  EXPECT_EQ(hand.sender.congestion_window(), before);
}

TEST(Scoreboard, SendsAgainWhatIsLostThoughItIsFull) {
  constexpr auto kFull = static_cast<int>(Scoreboard::kSegmentsMax);
  for (const bool fast : {false, true}) {
    SCOPED_TRACE(fast ? "SACKed" : "timed out");
    SenderConfig config;
    config.initial_window_segments = kFull + 100;
    Hand hand(config, true);
    hand.send(kFull + 100);
    EXPECT_EQ(hand.sender.in_flight(), std::uint64_t{Hand::kMss} * kFull);
    hand.later(100ms);
    if (fast)
      hand.sack({1, 5});
    else
      hand.pass_until_timeout();
    const auto piece = hand.next();
    ASSERT_TRUE(piece);
    EXPECT_TRUE(piece->retransmission);
    EXPECT_EQ(piece->range.begin, 1);
  }
}

TEST(Takeover, SendsAllThatMayHaveBeenLostFirstAndInOrder) {
  Sender sender{SenderConfig{}};
  sender.start(Instant{} + 1s, 1000, 6001, 1000, true, std::nullopt);
  Position at = 1000;
  while (const auto piece = sender.next(Instant{} + 1s, 6000, true, 1 << 20)) {
    EXPECT_TRUE(piece->retransmission);
    EXPECT_EQ(piece->range.begin, at);
    at = piece->range.end;
    sender.on_sent(Instant{} + 1s, *piece);
  }
  EXPECT_EQ(at, 6001);
  EXPECT_EQ(sender.counters().retransmitted, 5u);  // the FIN rides on the last
}

TEST(Takeover, SkipsWhatTheClientSaysItHas) {
  Sender sender{SenderConfig{}};
  sender.start(Instant{} + 1s, 1, 8001, 1000, true, std::nullopt);
  sender.on_sent(Instant{} + 1s, *sender.next(Instant{} + 1s, 8001, false, 1 << 20));
  const Range has{2001, 6001};
  sender.on_ack(Instant{} + 2s, {.position = 1001, .sacked = std::span(&has, 1)});
  std::vector<Position> begins;
  while (const auto piece = sender.next(Instant{} + 2s, 8001, false, 1 << 20)) {
    if (!piece->retransmission) break;
    begins.push_back(piece->range.begin);
    sender.on_sent(Instant{} + 2s, *piece);
  }
  EXPECT_EQ(begins, (std::vector<Position>{1001, 6001, 7001}));
}

TEST(PathMtu, CutsWhatWasTooLargeAndTakesNoBlame) {
  Hand hand({}, true);
  hand.send(6);
  const std::uint64_t window = hand.sender.congestion_window();
  hand.sender.set_mss(600);
  EXPECT_EQ(hand.sender.congestion_window(), window);
  Position at = 1;
  while (const auto piece = hand.next()) {
    if (!piece->retransmission) break;
    EXPECT_EQ(piece->range.begin, at);
    EXPECT_LE(piece->range.size(), 600u);
    at = piece->range.end;
    hand.sent(*piece);
  }
  EXPECT_EQ(at, 6001);
}

TEST(Reneging, SendsAgainWhatThePeerForgot) {
  Hand hand({}, true);
  hand.send(4);
  hand.later(10ms).sack({2, 4});
  hand.pass(50ms);
  while (const auto piece = hand.next()) hand.sent(*piece);
  hand.later(10ms).acknowledge(2);  // and not 4: it forgot the rest
  EXPECT_LE(hand.sender.deadline(), hand.now + *hand.sender.srtt() / 2);
  hand.pass(hand.sender.deadline() - hand.now);
  ASSERT_TRUE(hand.next());
  EXPECT_EQ(hand.next()->range.begin, 2001);
}

}  // namespace
}  // namespace poise::tcp
