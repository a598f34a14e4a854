// Laws of membership when events come at the worst moment: orphans, proofs under way, bad health.
#include "tests/balancer/rig.h"

namespace poise {
namespace {

using namespace testing;
using Lines = std::vector<std::string>;

// The first port whose flow has a backend.
std::uint16_t port_of(Rig& rig, unsigned i) {
  std::uint16_t port = 1000;
  while (rig.syn(port).to != backend_address(i)) ++port;
  return port;
}

TEST(Membership, ARefusedRegistrationTakesNothingFromTheOneItNames) {
  Rig rig;
  rig.registers(1).registers(2);
  const std::uint16_t port = port_of(rig, 1);
  rig.down(1).up(7).says(7, "REGISTER web1 10.0.1.2");
  EXPECT_EQ(rig.lines(7), Lines{"INVALID registration failed: address 10.0.1.2 belongs to web2"});
  ASSERT_NE(rig.balancer.backends().find("web1"), nullptr);
  EXPECT_EQ(rig.ack(port).to, backend_address(1));
}

TEST(Membership, AnAgentThatComesBackWithAnotherWeightKeepsItsFlows) {
  Rig rig;
  rig.registers(1).registers(2);
  const std::uint16_t port = port_of(rig, 1);
  rig.down(1).up(7).says(7, "REGISTER web1 10.0.1.1 weight=3");
  EXPECT_EQ(rig.ack(port).to, backend_address(1));
  rig.says(7, "SANE " + rig.probe().first);
  EXPECT_EQ(rig.balancer.backends().find("web1")->weight, 3u);
  EXPECT_EQ(rig.state(1), BackendState::active);
  EXPECT_EQ(rig.ack(port).to, backend_address(1));
}

TEST(Membership, AnUnwellBackendThatFallsSilentMayComeBack) {
  Rig rig;
  rig.registers(1);
  for (int i = 0; i < 3; ++i) rig.says(1, "HEALTH 500");
  rig.at(2s);
  EXPECT_TRUE(rig.closed(1)) << "silence for the timeout hangs up, well or not";
  EXPECT_EQ(rig.lines(1).back(), "DEREGISTERED web1 health check timeout ran out");
  rig.up(7).says(7, "REGISTER web1 10.0.1.1").says(7, "SANE " + rig.probe().first);
  EXPECT_EQ(rig.state(1), BackendState::active);
}

TEST(Membership, AnUnwellBackendThatStillSpeaksIsKept) {
  Rig rig;
  rig.registers(1);
  for (int i = 0; i < 20; ++i) rig.at(rig.now.time_since_epoch() + 500ms).says(1, "HEALTH 500");
  EXPECT_FALSE(rig.closed(1));
  EXPECT_EQ(rig.state(1), BackendState::down);
}

TEST(Membership, AnUnwellBackendWhoseStreamClosesIsForgotten) {
  BalancerConfig c = config();
  c.forget_timeout = 5s;
  Rig rig(c);
  rig.registers(1);
  for (int i = 0; i < 3; ++i) rig.says(1, "HEALTH 500");
  rig.down(1).at(7s);
  EXPECT_EQ(rig.balancer.backends().size(), 0u);
}

TEST(Membership, ADrainWaitsForFlowsOfTheSameBackendThatOthersHave) {
  Rig rig;
  rig.registers(1);
  const std::vector<FlowCount> three{{rig.balancer.backends().find("web1")->ref.index, 3}};
  rig.command(Command::Kind::drain, "web1");
  rig.balancer.on_flow_counts(rig.now, three);
  rig.beats_until(1s, {1});
  EXPECT_EQ(rig.state(1), BackendState::draining);
  rig.balancer.on_flow_counts(rig.now, {});
  rig.beats_until(1200ms, {1});
  EXPECT_EQ(rig.state(1), BackendState::paused);
}

TEST(Membership, BadHealthEndsADrain) {
  BalancerConfig c = config();
  c.drain_timeout = 2s;
  Rig rig(c);
  rig.registers(1);
  rig.syn(1000);
  rig.says(1, "PAUSE web1");
  for (int i = 0; i < 3; ++i) rig.says(1, "HEALTH 500");
  rig.beats_until(400ms, {1}).says(1, "SANE " + rig.probe().first).beats_until(5s, {1});
  EXPECT_EQ(rig.state(1), BackendState::active);
  const Lines notices = rig.notices("web1");
  EXPECT_EQ(std::count(notices.begin(), notices.end(), "paused"), 0);
}

TEST(Membership, NobodyResumesBeforeTheDataPathIsProvedAnew) {
  Rig rig;
  rig.registers(1).registers(2);
  rig.down(1).up(7).says(7, "REGISTER web1 10.0.1.1").says(7, "RESUME web1");
  EXPECT_EQ(rig.lines(7), Lines{"INVALID the data path is not proved"});
  EXPECT_EQ(rig.command(Command::Kind::resume, "web1"), CommandResult::refused);
  EXPECT_EQ(rig.state(1), BackendState::draining);
  for (std::uint16_t port = 2000; port < 2050; ++port)
    EXPECT_EQ(rig.syn(port).to, backend_address(2));
}

TEST(Membership, NobodyResumesWithoutAStream) {
  Rig rig;
  rig.registers(1).registers(2);
  rig.says(1, "PAUSE web1 now").down(1).down(2);
  EXPECT_EQ(rig.command(Command::Kind::resume, "web1"), CommandResult::refused);
  EXPECT_EQ(rig.command(Command::Kind::resume, "web2"), CommandResult::refused);
  EXPECT_EQ(rig.state(1), BackendState::paused);
  EXPECT_EQ(rig.state(2), BackendState::draining);
}

TEST(Membership, ADrainOrderedOfAnOrphanOutlivesItsReturn) {
  Rig rig;
  rig.registers(1).registers(2);
  const std::uint16_t port = port_of(rig, 1);
  rig.down(1);
  EXPECT_EQ(rig.command(Command::Kind::drain, "web1"), CommandResult::done);
  EXPECT_EQ(rig.command(Command::Kind::drain, "web1"), CommandResult::refused);
  rig.up(7).says(7, "REGISTER web1 10.0.1.1").says(7, "SANE " + rig.probe().first);
  EXPECT_EQ(rig.lines(7), (Lines{"REGISTERED web1 10.0.1.1", "PAUSED web1"}));
  EXPECT_EQ(rig.state(1), BackendState::draining);
  EXPECT_EQ(rig.ack(port).to, backend_address(1));
}

TEST(Membership, AHostThatDiesWhileItComesBackIsLostByItsSilence) {
  Rig rig;
  rig.registers(1).registers(2);
  rig.down(1).at(500ms).up(7).says(7, "REGISTER web1 10.0.1.1").beats_until(1700ms, {2});
  EXPECT_EQ(rig.state(1), BackendState::down) << "its flows do not wait for register_timeout";
  EXPECT_TRUE(rig.closed(7));
}

TEST(Membership, BadHealthWhileItComesBackWaitsForTheProof) {
  Rig rig;
  rig.registers(1).registers(2);
  rig.down(1).up(7).says(7, "REGISTER web1 10.0.1.1");
  for (int i = 0; i < 3; ++i) rig.says(7, "HEALTH 500");
  EXPECT_EQ(rig.state(1), BackendState::draining);
  rig.says(7, "SANE " + rig.probe().first);
  EXPECT_EQ(rig.state(1), BackendState::active);
}

TEST(Membership, ADrainWithoutPatienceIsAPause) {
  BalancerConfig c = config();
  c.drain_timeout = 0s;
  Rig rig(c);
  rig.registers(1);
  rig.syn(1000);
  rig.says(1, "PAUSE web1");  // the rig checks that the deadline lies in the future
  EXPECT_EQ(rig.state(1), BackendState::paused);
}

}  // namespace
}  // namespace poise
