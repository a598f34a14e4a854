// Laws of the control protocol: who gets in, who gets traffic, and what a bad peer can do
// (nothing).
#include "tests/balancer/rig.h"

namespace poise {
namespace {

using namespace testing;
using Lines = std::vector<std::string>;

TEST(Registration, GivesNoTrafficBeforeTheDataPathIsProved) {
  Rig rig;
  rig.up(1).says(1, "REGISTER web1 10.0.1.1");
  EXPECT_EQ(rig.state(1), BackendState::registering);
  EXPECT_EQ(rig.syn(4000).verdict, Verdict::drop);
  EXPECT_EQ(rig.count(Count::drop_no_backend), 1u);
  rig.says(1, "SANE " + rig.probe().first);
  EXPECT_EQ(rig.lines(1), Lines{"REGISTERED web1 10.0.1.1"});
  EXPECT_EQ(rig.syn(4001).to, backend_address(1));
}

TEST(Registration, ProbesExactlyTheNewBackend) {
  Rig rig;
  for (unsigned i = 1; i <= 20; ++i) rig.registers(i);  // registers() checks where the probe went
}

TEST(Registration, RepeatsTheProbeUntilItIsAnswered) {
  Rig rig;
  rig.up(1).says(1, "REGISTER web1 10.0.1.1");
  const std::string nonce = rig.probe().first;
  rig.transmitted();
  rig.at(350ms);
  EXPECT_EQ(rig.transmitted().size(), 3u);
  rig.says(1, "SANE " + nonce);
  rig.at(900ms);
  EXPECT_TRUE(rig.transmitted().empty());
}

TEST(Registration, GivesUpWhenTheProbeIsNeverAnswered) {
  Rig rig;
  rig.registers(2);
  rig.up(1).says(1, "REGISTER web1 10.0.1.1");
  rig.beats_until(10s + 1ms, {1, 2});
  EXPECT_TRUE(rig.closed(1));
  EXPECT_EQ(rig.balancer.backends().find("web1"), nullptr);
  EXPECT_EQ(rig.state(2), BackendState::active) << "a failed check of one evicts nobody else";
  EXPECT_EQ(rig.count(Count::registrations_failed), 1u);
}

TEST(Registration, RefusesAWrongNonce) {
  Rig rig;
  rig.up(1).says(1, "REGISTER web1 10.0.1.1").says(1, "SANE AAAAAAAAAAAAAAAA");
  EXPECT_EQ(rig.lines(1), Lines{"INVALID bad sanity check"});
  EXPECT_EQ(rig.state(1), BackendState::registering);
}

TEST(Registration, RefusesAnAddressItCannotReach) {
  Rig rig;
  PeerId peer = 0;
  for (const char* address :
       {"::1", "0.0.0.0", "127.0.0.1", "224.0.0.1", "255.255.255.255", "10.0.0", "web1", ""}) {
    ++peer;
    rig.up(peer).says(peer, std::string("REGISTER web1 ") + address);
    EXPECT_TRUE(rig.lines(peer).at(0).starts_with("INVALID ip")) << address;
    EXPECT_TRUE(rig.closed(peer));
  }
  EXPECT_EQ(rig.balancer.backends().size(), 0u);
}

TEST(Registration, RefusesATakenNameWithAReason) {
  Rig rig;
  rig.registers(1);
  rig.up(9).says(9, "REGISTER web1 10.0.1.9");
  EXPECT_EQ(rig.lines(9), Lines{"INVALID registration failed: name web1 is taken"});
  EXPECT_TRUE(rig.closed(9));
  EXPECT_EQ(rig.state(1), BackendState::active);
}

TEST(Registration, APausedBackendKeepsItsName) {
  Rig rig;
  rig.registers(1);
  rig.says(1, "PAUSE web1 now").up(9).says(9, "REGISTER web1 10.0.1.9");
  EXPECT_EQ(rig.lines(9).size(), 1u);
  EXPECT_EQ(rig.state(1), BackendState::paused);
}

TEST(Registration, RefusesATakenAddress) {
  Rig rig;
  rig.registers(1);
  rig.up(9).says(9, "REGISTER other 10.0.1.1");
  EXPECT_EQ(rig.lines(9), Lines{"INVALID registration failed: address 10.0.1.1 belongs to web1"});
}

TEST(Registration, SaysWhenTheTableIsFull) {
  BalancerConfig small = config();
  small.backend_count_max = 1;
  Rig rig(small);
  rig.registers(1);
  rig.up(2).says(2, "REGISTER web2 10.0.1.2");
  EXPECT_EQ(rig.lines(2), Lines{"INVALID registration failed: table is full"});
}

TEST(Registration, TakesAWeight) {
  Rig rig;
  rig.registers(1, " weight=7");
  EXPECT_EQ(rig.balancer.backends().find("web1")->weight, 7u);
  for (const char* bad : {"weight=0", "weight=65536", "weight=x", "size=1"}) {
    Rig other;
    other.up(1).says(1, std::string("REGISTER web1 10.0.1.1 ") + bad);
    EXPECT_TRUE(other.lines(1).at(0).starts_with("INVALID option")) << bad;
  }
}

TEST(Control, PauseThenDeregisterKeepsTheOthers) {
  Rig rig;
  for (unsigned i = 1; i <= 3; ++i) rig.registers(i);
  rig.says(1, "PAUSE web1 now").says(1, "DEREGISTER web1");
  EXPECT_EQ(rig.lines(1),
            (Lines{"PAUSED web1", "DEREGISTERED web1 client requested deregistration"}));
  EXPECT_EQ(rig.state(2), BackendState::active);
  EXPECT_EQ(rig.state(3), BackendState::active);
  std::map<Address, int> hits;
  for (std::uint16_t port = 1000; port < 1200; ++port) ++hits[rig.syn(port).to];
  EXPECT_EQ(hits.size(), 2u);
  EXPECT_GT(hits[backend_address(2)], 50);
  EXPECT_GT(hits[backend_address(3)], 50);
}

TEST(Control, ACrashWhilePausedKeepsTheOthers) {
  Rig rig;
  for (unsigned i = 1; i <= 3; ++i) rig.registers(i);
  rig.says(1, "PAUSE web1 now").down(1).beats_until(5s, {2, 3});
  EXPECT_EQ(rig.state(1), BackendState::down);
  EXPECT_EQ(rig.state(2), BackendState::active);
  EXPECT_EQ(rig.state(3), BackendState::active);
}

TEST(Control, DrainKeepsOldFlowsAndGetsNoNewOnes) {
  Rig rig;
  rig.registers(1).registers(2);
  std::vector<std::uint16_t> on_one;
  for (std::uint16_t port = 1000; port < 1100; ++port)
    if (rig.syn(port).to == backend_address(1)) on_one.push_back(port);
  ASSERT_GT(on_one.size(), 20u);
  rig.says(1, "PAUSE web1");
  EXPECT_EQ(rig.state(1), BackendState::draining);
  for (const std::uint16_t port : on_one) EXPECT_EQ(rig.ack(port).to, backend_address(1));
  for (std::uint16_t port = 2000; port < 2100; ++port)
    EXPECT_EQ(rig.syn(port).to, backend_address(2));
}

TEST(Control, ADrainEndsWithItsLastFlow) {
  Rig rig;
  rig.registers(1);
  rig.syn(1000);
  rig.tcp(1000, wire::tcp_flag::kFin | wire::tcp_flag::kAck);
  rig.says(1, "PAUSE web1").beats_until(4s, {1});
  EXPECT_EQ(rig.state(1), BackendState::draining);
  rig.beats_until(7s, {1});
  EXPECT_EQ(rig.state(1), BackendState::paused);
}

TEST(Control, ADrainEndsWithItsTimeout) {
  BalancerConfig c = config();
  c.drain_timeout = 2s;
  Rig rig(c);
  rig.registers(1);
  rig.syn(1000);
  rig.says(1, "PAUSE web1").beats_until(2500ms, {1});
  EXPECT_EQ(rig.state(1), BackendState::paused);
}

TEST(Control, AnswersResumeAndItsRepetition) {
  Rig rig;
  rig.registers(1);
  rig.says(1, "RESUME web1")
      .says(1, "PAUSE web1 now")
      .says(1, "PAUSE web1 now")
      .says(1, "RESUME web1");
  EXPECT_EQ(rig.lines(1), (Lines{"INVALID backend already active", "PAUSED web1",
                                 "INVALID backend already paused", "RESUMED web1"}));
  EXPECT_EQ(rig.syn(1).to, backend_address(1));
}

TEST(Control, SilenceTakesABackendDown) {
  Rig rig;
  rig.registers(1).registers(2).beats_until(3s, {2});
  EXPECT_EQ(rig.state(1), BackendState::down);
  EXPECT_TRUE(rig.closed(1));
  EXPECT_EQ(rig.lines(1), Lines{"DEREGISTERED web1 health check timeout ran out"});
  for (std::uint16_t port = 1; port < 50; ++port) EXPECT_EQ(rig.syn(port).to, backend_address(2));
}

TEST(Control, SilenceIsNoticedWithinFiftyMilliseconds) {
  BalancerConfig c = config();
  c.timeout = 50ms;
  Rig rig(c);
  rig.registers(1).at(49ms);
  EXPECT_EQ(rig.state(1), BackendState::active);
  rig.at(51ms);
  EXPECT_EQ(rig.state(1), BackendState::down);
}

TEST(Control, BadHealthTakesABackendDownAndGoodHealthProvesItAnew) {
  Rig rig;
  rig.registers(1);
  for (int i = 0; i < 3; ++i) rig.says(1, "HEALTH 500");
  EXPECT_EQ(rig.state(1), BackendState::down);
  rig.says(1, "HEALTH 200").says(1, "HEALTH 200");
  EXPECT_EQ(rig.state(1), BackendState::registering);
  rig.says(1, "SANE " + rig.probe().first);
  EXPECT_EQ(rig.state(1), BackendState::active);
}

TEST(Control, AStreamThatBreaksKeepsFlowsUntilTheSilenceIsTooLong) {
  Rig rig;
  rig.registers(1).registers(2);
  std::uint16_t port = 1000;
  while (rig.syn(port).to != backend_address(1)) ++port;
  rig.down(1).at(900ms);
  EXPECT_EQ(rig.ack(port).to, backend_address(1)) << "its agent died, not its host";
  EXPECT_EQ(rig.state(1), BackendState::draining);
  rig.says(2, "HEALTH 200").at(1100ms);
  EXPECT_EQ(rig.state(1), BackendState::down);
  EXPECT_EQ(rig.ack(port).to, backend_address(2));
  EXPECT_EQ(rig.count(Count::flow_moved), 1u);
}

TEST(Control, AnAgentThatComesBackInTimeKeepsItsFlows) {
  Rig rig;
  rig.registers(1).registers(2);
  std::uint16_t port = 1000;
  while (rig.syn(port).to != backend_address(1)) ++port;
  rig.down(1).at(500ms).up(7).says(7, "REGISTER web1 10.0.1.1");
  EXPECT_EQ(rig.ack(port).to, backend_address(1));
  rig.says(7, "SANE " + rig.probe().first).beats_until(3s, {2, 7});
  EXPECT_EQ(rig.state(1), BackendState::active);
  EXPECT_EQ(rig.ack(port).to, backend_address(1));
}

TEST(Control, ABackendThatIsDownForLongIsForgotten) {
  BalancerConfig c = config();
  c.forget_timeout = 5s;
  Rig rig(c);
  rig.registers(1).at(7s);
  EXPECT_EQ(rig.balancer.backends().size(), 0u);
}

TEST(Control, NonsenseIsAnsweredAndCounted) {
  Rig rig;
  rig.up(1);
  for (const char* line :
       {"", "HELLO", "SANE x", "HEALTH 200", "PAUSE web1", "\x01\x02", "REGISTERX a b"})
    rig.says(1, line);
  const Lines lines = rig.lines(1);
  EXPECT_EQ(lines.size(), 7u);
  for (const std::string& line : lines) EXPECT_TRUE(line.starts_with("INVALID ")) << line;
  EXPECT_EQ(lines[5], "INVALID first token of message (\?\?) is not an option");
  EXPECT_EQ(rig.count(Count::lines_invalid), 7u);
}

TEST(Control, LinesMayComeInAnyPieces) {
  Rig rig;
  rig.up(1);
  for (const char c : std::string("REGISTER web1 10.0.1.1\r\nHEALTH 2"))
    rig.bytes(1, std::string(1, c));
  EXPECT_EQ(rig.state(1), BackendState::registering);
  rig.bytes(1, "00\nHEALTH 200\nHEAL");
  EXPECT_EQ(rig.lines(1), (Lines{"HEALTHACK 200", "HEALTHACK 200"}));
}

TEST(Control, ALineWithoutEndIsCutOff) {
  Rig rig;
  rig.up(1).bytes(1, std::string(100000, 'A'));
  EXPECT_TRUE(rig.closed(1));
  EXPECT_EQ(rig.count(Count::lines_too_long), 1u);
}

TEST(Control, PeersAreBounded) {
  BalancerConfig c = config();
  c.peer_count_max = 2;
  Rig rig(c);
  rig.up(1).up(2).up(3);
  EXPECT_FALSE(rig.closed(2));
  EXPECT_TRUE(rig.closed(3));
  EXPECT_EQ(rig.lines(3), Lines{"INVALID too many peers"});
}

TEST(Control, ASilentStrangerIsHungUpOn) {
  Rig rig;
  rig.up(1).at(11s);
  EXPECT_TRUE(rig.closed(1));
}

TEST(Control, TheOperatorIsObeyed) {
  Rig rig;
  rig.registers(1).registers(2);
  EXPECT_EQ(rig.command(Command::Kind::drain, "web9"), CommandResult::unknown);
  EXPECT_EQ(rig.command(Command::Kind::drain, "web1"), CommandResult::done);
  EXPECT_EQ(rig.command(Command::Kind::drain, "web1"), CommandResult::refused);
  EXPECT_EQ(rig.command(Command::Kind::resume, "web1"), CommandResult::done);
  EXPECT_EQ(rig.command(Command::Kind::deregister, "web1"), CommandResult::done);
  EXPECT_TRUE(rig.closed(1));
  EXPECT_EQ(rig.balancer.backends().size(), 1u);
}

TEST(Registration, RefusesTheBalancersOwnAddressAndItsVips) {
  for (const Address address : {kBalancer, kVip}) {
    Rig rig;
    rig.up(1).says(1, "REGISTER web1 " + address.to_string());
    EXPECT_EQ(rig.lines(1), std::vector<std::string>{"INVALID ip is the balancer's own, or a vip"});
    EXPECT_TRUE(rig.closed(1));
    EXPECT_EQ(rig.balancer.backends().size(), 0u);
  }
}

}  // namespace
}  // namespace poise
