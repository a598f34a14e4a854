// What one replica does with what it hears: laws that need a word in the wrong moment.
#include "model/tcp/connection/connection.h"
#include "tests/tcp_host/hand.h"

namespace poise::tcp::testing {
namespace {

using namespace std::chrono_literals;

using Standby = Hand;

// Of a record whose numbers are beyond its bytes nothing could be read or sent.
TEST_F(Standby, RefusesARecordWithoutItsBytes) {
  const std::vector<std::uint8_t> bytes(50, 'x');
  const auto refuses = [&](const Record& record) {
    stand_by({});
    hears(kReplicaPeer, Batch{2, 2, {record}});
    return closed(kReplicaPeer) == 1;
  };
  Record record;
  record.received = 50;
  record.arrived[0] = {0, bytes};
  record.arrived_count = 1;
  EXPECT_FALSE(refuses(record));
  record.received = 51;
  EXPECT_TRUE(refuses(record));
  record.received = 150;
  record.arrived[1] = {100, bytes};  // and a hole below
  record.arrived_count = 2;
  EXPECT_TRUE(refuses(record));
  record.arrived[2] = {50, bytes};
  record.arrived_count = 3;
  EXPECT_FALSE(refuses(record));
  record.fin_at = 151;
  EXPECT_TRUE(refuses(record));

  Record sent;
  sent.written = 50;
  EXPECT_TRUE(refuses(sent));
  sent.sent = Extent{0, bytes};
  EXPECT_FALSE(refuses(sent));
  sent.written = 51;
  EXPECT_TRUE(refuses(sent));
}

// A claim for a takeover may have been granted: then what the standby has is all that there is.
TEST_F(Standby, TakesNoSnapshotWhileItAsksForATakeover) {
  stand_by({});
  const Claim claim = claim_takeover();
  hears_of(kReplicaPeer, PeerEvent::up);
  hears(kReplicaPeer, Hello{1, 2, 1, true, 0});
  hears(kReplicaPeer, SnapshotBegin{2, 2, 64});
  answer(claim, true);
  EXPECT_EQ(host_->role(), Role::active);
  EXPECT_EQ(host_->slots().size(), 1u);
}

// The answer was lost with its stream. The witness greets first, then answers the claim again.
TEST_F(Standby, KeepsWhatItHasWhenTheGrantOfItsTakeoverWasLost) {
  stand_by({});
  const Claim claim = claim_takeover();
  hears_of(kWitnessPeer, PeerEvent::down);
  wait(40ms);
  hears_of(kWitnessPeer, PeerEvent::up);
  ASSERT_EQ(take<Claim>(kWitnessPeer).size(), 1u);
  hears(kWitnessPeer, Ruling{3, 1, true, false, 0});
  answer(claim, true);
  EXPECT_EQ(host_->role(), Role::active);
  EXPECT_EQ(host_->slots().size(), 1u);
}

// Its predecessor answered the SYN in the place of a connection in TIME-WAIT, and died. An old
// duplicate of the ended connection's own handshake opens nothing.
TEST_F(Standby, OpensAConnectionThatReusesOneInTimeWait) {
  for (const Seq irs : {0u, 50'000u}) {
    stand_by({});
    Record ended;
    ended.state = State::time_wait, ended.fin_at = 0;
    hears(kReplicaPeer, Batch{2, 2, {ended}});
    answer(claim_takeover(), true);
    ASSERT_EQ(host_->state(0), State::time_wait);
    const FlowKey key = host_->connection(0)->key();
    Segment segment;
    segment.sequence = irs;
    segment.options.mss = 1460;
    const Cookie cookie = make_cookie(secret(), key, segment, 0, 0, false);
    segment = Segment{};
    segment.sequence = irs + 1, segment.acknowledgment = cookie.iss + 1;
    segment.flags = wire::tcp_flag::kAck;
    receives(key, segment);
    EXPECT_EQ(host_->state(0), irs == 0 ? State::time_wait : State::established);
  }
}

// Who answers a heartbeat grants for as long as its sender takes it.
TEST_F(Standby, PromisesForTheLongerOfTwoLeases) {
  stand_by({});
  hears(kReplicaPeer, Heartbeat{2, static_cast<std::uint64_t>(to_ns(now_)), 1000,
                                static_cast<std::uint64_t>(Duration{60ms}.count()), false, false});
  hears_of(kReplicaPeer, PeerEvent::down);
  wait(60ms);
  EXPECT_TRUE(take<Claim>(kWitnessPeer).empty());
  wait(1ms);
  EXPECT_EQ(take<Claim>(kWitnessPeer).size(), 1u);
}

TEST_F(Standby, FollowsNobodyWhoHasMoreConnectionsOrSpeaksAnotherVersion) {
  stand_by({});
  hears(kReplicaPeer, SnapshotBegin{2, 2, 1'000'000'000});
  EXPECT_EQ(closed(kReplicaPeer), 1);
  EXPECT_EQ(host_->slots().size(), 1u) << "what it had stays";
  stand_by({});
  hears(kReplicaPeer, Hello{2, 2, 0, true, 0});
  EXPECT_EQ(closed(kReplicaPeer), 1);
}

// Only the witness can give the epoch on.
TEST_F(Standby, HandsNothingOverWhileTheWitnessIsAway) {
  for (const bool away : {true, false}) {
    begin({.role = Role::active, .index = 0});
    hears_of(kWitnessPeer, PeerEvent::up);
    hears(kWitnessPeer, Ruling{});
    wait(40ms);
    answer(take<Claim>(kWitnessPeer).at(0), true);
    hears_of(kReplicaPeer, PeerEvent::up);
    hears(kReplicaPeer, Hello{.replica = 1});
    hears(kReplicaPeer, Acknowledgment{1, host_->logged()});
    answer(take<Claim>(kWitnessPeer).at(0), true);
    ASSERT_TRUE(host_->is_protected());
    if (away) hears_of(kWitnessPeer, PeerEvent::down);
    EXPECT_EQ(host_->on_order(now_, Host::Order::migrate), !away);
    EXPECT_EQ(host_->role(), away ? Role::active : Role::fenced);
  }
}

TEST_F(Standby, HearsEverythingAnewWhenItsTakeoverIsRefused) {
  stand_by({});
  const Claim claim = claim_takeover();
  hears_of(kReplicaPeer, PeerEvent::up);
  hears(kReplicaPeer, Hello{1, 2, 1, true, 0});
  hears(kReplicaPeer, SnapshotBegin{2, 2, 64});
  hears(kReplicaPeer, Batch{2, 2, {connection(0)}});
  hears(kReplicaPeer, SnapshotEnd{2, 2});
  EXPECT_TRUE(take<Acknowledgment>(kReplicaPeer).empty());
  EXPECT_EQ(closed(kReplicaPeer), 0);
  answer(claim, false);
  EXPECT_EQ(closed(kReplicaPeer), 1);
  wait(20ms);
  EXPECT_GE(opened(kReplicaPeer), 1);
}

TEST_F(Standby, KeepsWhatItHasWhenItHangsUp) {
  stand_by({});
  const Claim claim = claim_takeover();
  hears_of(kReplicaPeer, PeerEvent::up);
  hears_bytes(kReplicaPeer, std::string("\x01\x07", 2));
  EXPECT_EQ(closed(kReplicaPeer), 1);
  answer(claim, true);
  EXPECT_EQ(host_->slots().size(), 1u);
}

TEST_F(Standby, LosesNoMoreThanTheConnectionOfARecordThatDoesNotFit) {
  stand_by({});
  hears(kReplicaPeer, Batch{2, 2, {connection(1)}});
  const Claim claim = claim_takeover();
  hears_of(kReplicaPeer, PeerEvent::up);
  hears(kReplicaPeer, Hello{1, 2, 2, true, 0});
  Record beyond;
  beyond.received = 1000;
  hears(kReplicaPeer, Batch{2, 3, {beyond}});
  EXPECT_EQ(closed(kReplicaPeer), 1);
  answer(claim, true);
  EXPECT_EQ(host_->slots(), std::vector<Slot>{1});
}

TEST_F(Standby, HearsNothingBehindWhatItHungUpOn) {
  stand_by({});
  std::string bytes;
  write_message(bytes, Batch{2, 7, {connection(1)}});  // a gap
  write_message(bytes, SnapshotBegin{2, 1, 64});
  hears_bytes(kReplicaPeer, bytes);
  hears(kReplicaPeer, SnapshotBegin{2, 1, 64});
  EXPECT_EQ(closed(kReplicaPeer), 1);
  EXPECT_EQ(host_->slots().size(), 1u);
}

TEST_F(Standby, OpensAgainWhatItHungUpOn) {
  stand_by({});
  wait(1ms);
  EXPECT_EQ(opened(kReplicaPeer), 1);
  EXPECT_EQ(opened(kWitnessPeer), 1);
  hears_bytes(kReplicaPeer, std::string("\x01\x07", 2));
  hears_bytes(kWitnessPeer, std::string("\x01\x07", 2));
  wait(20ms);
  EXPECT_EQ(opened(kReplicaPeer), 1);
  EXPECT_EQ(opened(kWitnessPeer), 1);
}

// The active serves alone until it has the acknowledgment of its snapshot: who took over before
// would be the second to speak.
TEST_F(Standby, WithoutAWitnessTakesOverOnlyFromWhoReliesOnIt) {
  for (const bool relies : {false, true}) {
    stand_by({.witness = false});
    hears(kReplicaPeer, SnapshotBegin{2, 2, 64});
    hears(kReplicaPeer, SnapshotEnd{2, 1});
    beat(2, true);
    if (relies) beat(2, false);
    hears_of(kReplicaPeer, PeerEvent::down);
    wait(1s);
    EXPECT_EQ(host_->role(), relies ? Role::active : Role::standby);
  }
}

// It may have been granted, and a grant answers the claim that was sent.
TEST_F(Standby, SendsAClaimOnceUntilItIsAnswered) {
  begin({.role = Role::active});
  hears_of(kWitnessPeer, PeerEvent::up);
  hears(kWitnessPeer, Ruling{});
  wait(200ms);
  const std::vector<Claim> claims = take<Claim>(kWitnessPeer);
  ASSERT_EQ(claims.size(), 1u);
  answer(claims[0], true);
  EXPECT_EQ(host_->role(), Role::active);
}

TEST_F(Standby, BeginsWhenTheOtherHasNothingEither) {
  begin({});
  hears_of(kWitnessPeer, PeerEvent::up);
  hears(kWitnessPeer, Ruling{7, 0, true, false, 0});
  hears_of(kReplicaPeer, PeerEvent::up);
  hears(kReplicaPeer, Hello{});
  wait(30ms);
  const std::vector<Claim> claims = take<Claim>(kWitnessPeer);
  ASSERT_EQ(claims.size(), 1u);
  EXPECT_FALSE(claims[0].takeover);
  EXPECT_EQ(claims[0].epoch, 8u);
}

TEST_F(Standby, LeavesTheBeginningToWhoHasSomething) {
  begin({});
  hears_of(kWitnessPeer, PeerEvent::up);
  hears(kWitnessPeer, Ruling{7, 0, true, false, 0});
  hears_of(kReplicaPeer, PeerEvent::up);
  hears(kReplicaPeer, Hello{.logged = 1});
  wait(1s);
  EXPECT_TRUE(take<Claim>(kWitnessPeer).empty());
}

TEST_F(Standby, WithoutAWitnessOnlyTheFirstBegins) {
  for (const std::uint32_t index : {0u, 1u}) {
    begin({.index = index, .witness = false});
    hears_of(kReplicaPeer, PeerEvent::up);
    hears(kReplicaPeer, Hello{.epoch = 3, .replica = 1 - index});
    wait(100ms);
    EXPECT_EQ(host_->role(), index == 0 ? Role::active : Role::standby);
    EXPECT_EQ(host_->epoch(), index == 0 ? 4u : 3u);
  }
}

// Else they would greet each other for ever.
TEST_F(Standby, TheSecondOfTwoThatServeInOneEpochYields) {
  for (const std::uint32_t index : {0u, 1u}) {
    begin({.role = Role::active, .index = index, .witness = false});
    wait(30ms);
    hears_of(kReplicaPeer, PeerEvent::up);
    (void)take<Hello>(kReplicaPeer);
    hears(kReplicaPeer, Hello{1, 1, 0, true, 1 - index});
    EXPECT_EQ(host_->role(), index == 0 ? Role::active : Role::fenced);
    EXPECT_EQ(take<Hello>(kReplicaPeer).size(), 1u);
  }
}

}  // namespace
}  // namespace poise::tcp::testing
