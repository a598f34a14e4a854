// Laws of failover pairs: epochs that fence, takeovers that move no flow, patience, copies.
#include "tests/balancer/pair_rig.h"

namespace poise {
namespace {

using namespace testing;

TEST_F(Pair, ItsPacketsGoToWhoAnnouncedItselfActive) {
  form();
  EXPECT_EQ(state(), BackendState::active);
  for (std::uint16_t port = 1000; port < 1050; ++port)
    EXPECT_EQ(rig.syn(port).to, backend_address(1));
}

TEST_F(Pair, NobodyIsServedBeforeAReplicaIsActive) {
  joins(1, "0 0 standby");
  joins(2, "1 0 standby");
  EXPECT_EQ(rig.lines(1), (Lines{"REGISTERED web1 10.0.1.1", "STEERED db - 0"}));
  EXPECT_EQ(rig.syn(1000).verdict, Verdict::drop);
  rig.says(2, "REPLICA db 1 1 active");
  EXPECT_EQ(rig.lines(2).back(), "STEERED db 1 1");
  EXPECT_EQ(rig.syn(1000).to, backend_address(2));
}

TEST_F(Pair, AReplicaIsNeverChosenForItself) {
  form();
  rig.registers(3);
  std::size_t pair = 0, plain = 0;
  for (std::uint16_t port = 1000; port < 1400; ++port) {
    const Address to = rig.syn(port).to;
    ASSERT_NE(to, backend_address(2));
    (to == backend_address(1) ? pair : plain) += 1;
  }
  EXPECT_GT(pair, 150u) << "the pair weighs as much as one backend";
  EXPECT_GT(plain, 150u);
}

TEST_F(Pair, ATakeoverMovesAllItsFlowsAtOnceAndNoOthers) {
  form();
  rig.registers(3);
  std::map<std::uint16_t, Address> homes;
  for (std::uint16_t port = 1000; port < 1200; ++port) homes[port] = rig.syn(port).to;
  rig.says(2, "REPLICA db 1 2 active");
  EXPECT_EQ(rig.lines(2).back(), "STEERED db 1 2");
  for (const auto& [port, home] : homes)
    EXPECT_EQ(rig.ack(port).to, home == backend_address(1) ? backend_address(2) : home);
  EXPECT_EQ(rig.count(Count::flow_moved), 0u);
  EXPECT_EQ(rig.count(Count::takeovers), 1u);
}

TEST_F(Pair, AnActiveOfAnOlderEpochIsFenced) {
  form();
  rig.says(2, "REPLICA db 1 2 active").says(1, "REPLICA db 0 1 active");
  EXPECT_EQ(rig.lines(1).back(), "FENCED db 2");
  EXPECT_EQ(rig.syn(1000).to, backend_address(2));
  EXPECT_EQ(rig.count(Count::fenced), 1u);
  EXPECT_TRUE(saw("db", "fenced"));
}

TEST_F(Pair, ASecondActiveOfTheSameEpochIsFenced) {
  form();
  rig.says(2, "REPLICA db 1 1 active");
  EXPECT_EQ(rig.lines(2).back(), "FENCED db 1");
  EXPECT_EQ(rig.syn(1000).to, backend_address(1));
}

TEST_F(Pair, AStandbyThatKnowsANewerEpochFencesTheOldOne) {
  form();
  rig.says(2, "REPLICA db 1 5 standby");
  EXPECT_EQ(rig.syn(1000).to, backend_address(1)) << "nobody else has asked for its packets";
  rig.says(1, "REPLICA db 0 4 active");
  EXPECT_EQ(rig.lines(1).back(), "FENCED db 5");
  rig.says(1, "REPLICA db 0 5 active");
  EXPECT_EQ(rig.lines(1).back(), "STEERED db 0 5");
}

TEST_F(Pair, AnOldActiveThatWakesUpOnANewStreamStaysFenced) {
  form();
  rig.down(1).says(2, "REPLICA db 1 2 active");
  joins(1, "0 1 active");
  EXPECT_EQ(rig.lines(1).back(), "FENCED db 2");
  EXPECT_EQ(rig.ack(1000).to, backend_address(2));
}

TEST_F(Pair, ItsFlowsWaitForATakeoverWhenTheActiveDies) {
  form();
  rig.registers(3);
  std::uint16_t port = 1000;
  while (rig.syn(port).to != backend_address(1)) ++port;
  rig.beats_until(1600ms, {2, 3});
  ASSERT_EQ(rig.state(1), BackendState::down);
  EXPECT_EQ(state(), BackendState::active);
  EXPECT_EQ(rig.ack(port).to, backend_address(1)) << "nobody announced anything newer";
  rig.says(2, "REPLICA db 1 2 active");
  EXPECT_EQ(rig.ack(port).to, backend_address(2));
  rig.beats_until(6s, {2, 3});
  EXPECT_EQ(rig.ack(port).to, backend_address(2));
  EXPECT_EQ(rig.count(Count::flow_moved), 0u);
}

TEST_F(Pair, ItIsDownWhenNobodyTakesOverInTime) {
  form();
  rig.registers(3);
  std::uint16_t port = 1000;
  while (rig.syn(port).to != backend_address(1)) ++port;
  rig.beats_until(900ms, {1, 2, 3}).beats_until(3700ms, {2, 3});
  EXPECT_EQ(state(), BackendState::active) << "1.8 s of silence, then 2 s of grace";
  rig.beats_until(4400ms, {2, 3});
  EXPECT_EQ(state(), BackendState::down);
  EXPECT_EQ(rig.ack(port).to, backend_address(3));
}

TEST_F(Pair, ItIsDownAtOnceWhenBothReplicasAreSilent) {
  form();
  rig.registers(3);
  rig.beats_until(1200ms, {3});
  EXPECT_EQ(state(), BackendState::down);
}

TEST_F(Pair, AnActiveThatStepsDownIsWaitedForToo) {
  form();
  rig.says(1, "REPLICA db 0 1 standby");
  EXPECT_TRUE(saw("db", "waiting"));
  EXPECT_EQ(rig.syn(1000).to, backend_address(1));
  rig.says(2, "REPLICA db 1 2 active");
  EXPECT_EQ(rig.ack(1000).to, backend_address(2));
}

TEST_F(Pair, ItComesBackWithItsFlowsWhenSomebodyTakesOverLate) {
  form();
  rig.syn(1000);
  rig.beats_until(5s, {2});
  ASSERT_EQ(state(), BackendState::down);
  rig.says(2, "REPLICA db 1 2 active");
  EXPECT_EQ(state(), BackendState::active);
  EXPECT_EQ(rig.ack(1000).to, backend_address(2));
}

TEST_F(Pair, IsForgottenWithItsEpochLongAfterItsReplicas) {
  form();
  rig.at(2s);
  ASSERT_EQ(state(), BackendState::down);
  rig.at(18s);
  EXPECT_NE(rig.balancer.backends().find("db"), nullptr);
  rig.at(40s);
  EXPECT_EQ(rig.balancer.backends().size(), 0u);
  EXPECT_EQ(rig.balancer.next_deadline(), kNever);
}

TEST_F(Pair, DrainsAndComesBackAsOneBackend) {
  form();
  rig.registers(3);
  std::uint16_t port = 1000;
  while (rig.syn(port).to != backend_address(1)) ++port;
  EXPECT_EQ(rig.command(Command::Kind::drain, "db"), CommandResult::done);
  for (std::uint16_t other = 3000; other < 3050; ++other)
    EXPECT_EQ(rig.syn(other).to, backend_address(3));
  rig.says(2, "REPLICA db 1 2 active");
  EXPECT_EQ(rig.ack(port).to, backend_address(2));
  EXPECT_EQ(rig.command(Command::Kind::resume, "db"), CommandResult::done);
  EXPECT_EQ(state(), BackendState::active);
}

TEST_F(Pair, TheActiveReplicaIsNotPausedUnderItsClients) {
  form();
  EXPECT_EQ(rig.command(Command::Kind::pause, "web1"), CommandResult::refused);
  rig.says(1, "PAUSE web1 now");
  EXPECT_EQ(rig.lines(1), Lines{"INVALID the replica is its pair's active one"});
  EXPECT_EQ(rig.command(Command::Kind::pause, "web2"), CommandResult::done);
}

TEST_F(Pair, DeregisteredTakesItsReplicasAlong) {
  form();
  EXPECT_EQ(rig.command(Command::Kind::deregister, "db"), CommandResult::done);
  EXPECT_EQ(rig.balancer.backends().size(), 0u);
  EXPECT_TRUE(rig.closed(1));
  EXPECT_TRUE(rig.closed(2));
}

TEST_F(Pair, AThirdReplicaIsRefusedAndGetsNoTraffic) {
  form();
  joins(3, "1 9 active");
  EXPECT_EQ(rig.lines(3), Lines{"INVALID replica 1 of db is web2"});
  EXPECT_TRUE(rig.closed(3));
  EXPECT_EQ(rig.balancer.backends().find("web3"), nullptr);
  EXPECT_EQ(rig.syn(1000).to, backend_address(1));
}

TEST_F(Pair, WhoHasNotProvedItsDataPathSteersNothingAndTakesNoSeat) {
  form();
  rig.down(2).up(9).says(9, "REGISTER web2 10.0.1.2").says(9, "REPLICA db 1 99 active");
  rig.up(8).says(8, "REGISTER ghost 10.0.1.8").says(8, "REPLICA db 1 99 active");
  rig.transmitted();
  EXPECT_EQ(rig.syn(1000).to, backend_address(1));
  EXPECT_EQ(rig.balancer.pair(rig.balancer.backends().find("db")->ref)->epoch, 1u);
  rig.says(1, "REPLICA db 0 2 active");
  EXPECT_EQ(rig.lines(1).back(), "STEERED db 0 2");
  EXPECT_TRUE(rig.lines(8).empty());
}

TEST_F(Pair, ANewHostMayTakeTheSeatOfADeadOne) {
  form();
  rig.says(2, "REPLICA db 1 2 active").beats_until(1600ms, {2});
  joins(3, "0 2 standby");
  EXPECT_EQ(rig.lines(3).back(), "STEERED db 1 2");
  rig.says(3, "REPLICA db 0 3 active");
  EXPECT_EQ(rig.syn(1000).to, backend_address(3));
}

class ListedPair : public Pair {
 protected:
  static BalancerConfig listed_config() {
    BalancerConfig c = pair_config();
    c.pairs = {{"db", {"web1", "web2"}}};
    return c;
  }
  ListedPair() : Pair(listed_config()) {}
};

TEST_F(ListedPair, NobodyElseTakesASeatOfAListedPair) {
  joins(3, "0 1 active");  // before those whose seats they are
  EXPECT_EQ(rig.lines(3), Lines{"INVALID replica 0 of db is not for web3"});
  EXPECT_TRUE(rig.closed(3));
  joins(2, "0 1 active");
  EXPECT_EQ(rig.lines(2), Lines{"INVALID replica 0 of db is not for web2"});
  EXPECT_EQ(rig.balancer.backends().size(), 0u);
  form();
  rig.says(2, "REPLICA db 1 2 active").beats_until(1600ms, {2});  // web1 is dead
  joins(4, "0 9 active");
  EXPECT_EQ(rig.lines(4), Lines{"INVALID replica 0 of db is not for web4"});
  EXPECT_EQ(rig.syn(1000).to, backend_address(2));
}

TEST_F(ListedPair, NobodyMakesAPairThatIsNotListed) {
  rig.registers(3).registers(4);
  rig.lines(4);
  rig.says(4, "REPLICA web3 0 1 active").says(4, "REPLICA spare 0 1 active");
  EXPECT_EQ(rig.lines(4), (Lines{"INVALID replica 0 of web3 is not for web4",
                                 "INVALID replica 0 of spare is not for web4"}));
  EXPECT_EQ(rig.balancer.backends().find("spare"), nullptr);
}

TEST_F(ListedPair, NobodyRegistersUnderAListedPairsNameBeforeItsReplicasCome) {
  rig.up(9).says(9, "REGISTER db 10.0.1.9");
  EXPECT_EQ(rig.lines(9), Lines{"INVALID registration failed: name db is a pair's"});
}

TEST_F(Pair, NobodyRegistersUnderAPairsName) {
  form();
  rig.up(9).says(9, "REGISTER db 10.0.1.9");
  EXPECT_EQ(rig.lines(9), Lines{"INVALID registration failed: name db is a pair's"});
}

TEST_F(Pair, ABackendThatWasAReplicaIsChosenAgainWhenItNoLongerSaysSo) {
  form();
  rig.down(2).registers(2);
  std::size_t chosen = 0;
  for (std::uint16_t port = 1000; port < 1100; ++port)
    chosen += rig.syn(port).to == backend_address(2);
  EXPECT_GT(chosen, 20u);
}

TEST_F(Pair, WordsThatMakeNoSenseChangeNothing) {
  form();
  const std::uint64_t before = rig.balancer.backends().digest();
  for (const char* words :
       {"REPLICA", "REPLICA db", "REPLICA db 2 1 active", "REPLICA db 0 -1 active",
        "REPLICA db 0 99999999999999999999 active", "REPLICA db 0 1 boss",
        "REPLICA other 0 1 active", "REPLICA db 1 7 active", "REPLICA web2 0 7 active",
        "REPLICA d/b 0 7 active", "REPLICA db 0 7 active now"})
    rig.says(1, words);
  for (const std::string& line : rig.lines(1)) EXPECT_EQ(line.substr(0, 8), "INVALID ") << line;
  EXPECT_EQ(rig.balancer.backends().digest(), before);
  EXPECT_EQ(rig.state(1), BackendState::active);
}

TEST_F(Pair, ARestoredBalancerKnowsItsEpochAndItsActive) {
  form();
  rig.registers(3);
  std::map<std::uint16_t, Address> homes;
  rig.says(2, "REPLICA db 1 6 active");
  for (std::uint16_t port = 1000; port < 1100; ++port) homes[port] = rig.syn(port).to;
  Rig next(pair_config());
  ASSERT_EQ(next.restores(rig.balancer.snapshot(rig.now)), RestoreOutcome::restored);
  for (const auto& [port, home] : homes) EXPECT_EQ(next.ack(port).to, home);
  joins(1, "0 5 active", next);
  EXPECT_EQ(next.lines(1).back(), "FENCED db 6");
  joins(2, "1 6 active", next);
  EXPECT_EQ(next.lines(2).back(), "STEERED db 1 6");
  EXPECT_EQ(next.balancer.pair(next.balancer.backends().find("db")->ref)->epoch, 6u);
  for (const auto& [port, home] : homes) EXPECT_EQ(next.ack(port).to, home);
}

TEST_F(Pair, ARestoredBalancerKnowsThePairThatWasDown) {
  form();
  rig.says(2, "REPLICA db 1 6 active").at(2s);
  ASSERT_EQ(state(), BackendState::down);
  Rig next(pair_config());
  ASSERT_EQ(next.restores(rig.balancer.membership_snapshot(rig.now)), RestoreOutcome::restored);
  joins(1, "0 5 active", next);
  EXPECT_EQ(next.lines(1).back(), "FENCED db 6");
}

TEST_F(Pair, ASnapshotOfASnapshotIsTheSame) {
  form();
  rig.syn(1000);
  const auto first = rig.balancer.snapshot(rig.now);
  std::string error;
  const std::optional<Snapshot> read = read_snapshot(first, error);
  ASSERT_TRUE(read) << error;
  EXPECT_EQ(write_snapshot(*read), first);
}

}  // namespace
}  // namespace poise
