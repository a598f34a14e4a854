// Laws of the agent: it registers everywhere, comes back, and lets through only what it should.
#include "model/balancer/agent.h"

#include <algorithm>

#include "tests/balancer/rig.h"

namespace poise {
namespace {

using namespace testing;

AgentConfig agent_config() {
  AgentConfig c;
  c.name = "web1";
  c.address = backend_address(1);
  c.balancers = {kBalancer, Address::v4(0x0a000002)};
  c.vips = {{kVip, 6, 80}};
  return c;
}

// The agent's world: remembers what was said to each balancer.
struct Hands {
  explicit Hands(AgentConfig c = agent_config()) : agent(std::move(c)) {
    agent.start(now);
    settle();
  }
  void at(Duration time) {
    const Instant target = Instant{} + time;
    while (agent.next_deadline() <= target) {
      now = std::max(now, agent.next_deadline());
      agent.on_timer(now);
      settle();
    }
    now = target;
  }
  void up(PeerId peer) {
    agent.on_peer(now, peer, PeerEvent::up);
    settle();
  }
  void hears(PeerId peer, std::string line) {
    line += '\n';
    agent.on_message(now, peer, {reinterpret_cast<const std::uint8_t*>(line.data()), line.size()});
    settle();
  }
  void registered(PeerId peer) {
    up(peer);
    hears(peer, "REGISTERED web1 10.0.1.1");
  }
  void settle() { drain(agent, *this); }
  void transmit(const Packet&) {}
  void send(const Message& m) {
    const char* word = m.kind == Message::Kind::open    ? "<open>"
                       : m.kind == Message::Kind::close ? "<close>"
                                                        : "";
    said.push_back(std::to_string(m.peer) + ' ' + word + m.bytes.substr(0, m.bytes.find('\n')));
  }
  void notice(const Notice& n) { notices.push_back(n.kind); }
  void wake_at(Instant at) { EXPECT_GT(at, now); }

  Agent agent;
  Instant now{};
  std::vector<std::string> said, notices;
};

TEST(Agent, RegistersWithEveryBalancer) {
  Hands hands;
  EXPECT_EQ(hands.said, (std::vector<std::string>{"0 <open>", "1 <open>"}));
  hands.up(1);
  EXPECT_EQ(hands.said.back(), "1 REGISTER web1 10.0.1.1");
  hands.hears(1, "REGISTERED web1 10.0.1.1");
  EXPECT_EQ(hands.agent.state(1), AgentState::active);
  EXPECT_EQ(hands.agent.state(0), AgentState::connecting);
  EXPECT_EQ(std::count(hands.notices.begin(), hands.notices.end(), "attach"), 1);
}

TEST(Agent, ComesBackWithGrowingBackoff) {
  Hands hands;
  std::vector<double> attempts;
  for (int i = 0; i < 6; ++i) {
    const std::size_t before = hands.said.size();
    while (std::find(hands.said.begin() + static_cast<std::ptrdiff_t>(before), hands.said.end(),
                     "0 <open>") == hands.said.end())
      hands.at(hands.now.time_since_epoch() + 10ms);
    attempts.push_back(to_seconds(hands.now));
    hands.agent.on_peer(hands.now, 0, PeerEvent::down);
    hands.settle();
  }
  EXPECT_GT(attempts[5] - attempts[4], attempts[1] - attempts[0]);
}

TEST(Agent, SaysAtOnceThatItsServiceIsUnwellAndFromThenOn) {
  Hands hands;
  hands.registered(0);
  hands.agent.on_health(hands.now, 503);
  hands.settle();
  EXPECT_EQ(hands.said.back(), "0 HEALTH 503");
  const std::size_t before = hands.said.size();
  while (hands.said.size() == before) {
    hands.hears(0, "HEALTHACK 200");
    hands.at(hands.now.time_since_epoch() + 10ms);
  }
  EXPECT_EQ(hands.said.back(), "0 HEALTH 503");
  hands.agent.on_health(hands.now, 200);
  hands.settle();
  EXPECT_EQ(hands.said.back(), "0 HEALTH 200");
}

TEST(Agent, OfAReplicaSaysSoBeforeItsDataPathCanBeProved) {
  AgentConfig c = agent_config();
  c.replica = {"db", 1};
  Hands hands(c);
  hands.up(0);
  EXPECT_EQ(hands.said[hands.said.size() - 2], "0 REGISTER web1 10.0.1.1");
  EXPECT_EQ(hands.said.back(), "0 REPLICA db 1 0 standby");
}

TEST(Agent, AnnouncesWhatItsServerSaysToAllBalancersOnce) {
  Hands hands;
  hands.registered(0);
  hands.registered(1);
  const ReplicaStatus status{.pair = "db", .index = 0, .epoch = 7, .active = true};
  hands.said.clear();
  for (int i = 0; i < 3; ++i) hands.agent.on_replica(hands.now, status);
  hands.settle();
  EXPECT_EQ(hands.said,
            (std::vector<std::string>{"0 REPLICA db 0 7 active", "1 REPLICA db 0 7 active"}));
}

TEST(Agent, SaysTheNewestAgainAfterAReconnect) {
  Hands hands;
  hands.registered(0);
  hands.agent.on_peer(hands.now, 0, PeerEvent::down);
  hands.agent.on_replica(hands.now, {.pair = "db", .index = 0, .epoch = 7, .active = true});
  hands.agent.on_replica(hands.now, {.pair = "db", .index = 0, .epoch = 8, .active = false});
  hands.settle();
  while (hands.said.back() != "0 <open>") hands.at(hands.now.time_since_epoch() + 10ms);
  hands.up(0);
  EXPECT_EQ(hands.said.back(), "0 REPLICA db 0 8 standby");
}

TEST(Agent, TellsThatItWasFencedAndWherePacketsGo) {
  Hands hands;
  hands.registered(0);
  hands.hears(0, "FENCED db 9");
  EXPECT_EQ(hands.notices.back(), "fenced");
  hands.hears(0, "STEERED db 1 9");
  EXPECT_EQ(hands.notices.back(), "steered");
  EXPECT_EQ(hands.agent.steering(0), "STEERED db 1 9");
  EXPECT_EQ(hands.agent.steering(1), "");
  EXPECT_EQ(hands.agent.counters()[Count::lines_invalid], 0u);
}

TEST(Agent, SaysAResumeAgainToABalancerThatWasAwayWhenItWasOrdered) {
  Hands hands;
  hands.registered(0);
  hands.registered(1);
  hands.agent.on_command(hands.now, {Command::Kind::pause, ""});
  hands.hears(0, "PAUSED web1");
  hands.hears(1, "PAUSED web1");
  hands.agent.on_peer(hands.now, 0, PeerEvent::down);
  hands.settle();
  hands.agent.on_command(hands.now, {Command::Kind::resume, ""});
  hands.hears(1, "RESUMED web1");
  while (hands.said.back() != "0 <open>") hands.at(hands.now.time_since_epoch() + 10ms);
  hands.registered(0);
  EXPECT_NE(hands.said.back(), "0 RESUME web1");  // it may have forgotten the pause
  hands.hears(0, "PAUSED web1");
  EXPECT_EQ(hands.said.back(), "0 RESUME web1");
  hands.hears(0, "RESUMED web1");
  EXPECT_EQ(hands.agent.state(0), AgentState::active);
}

TEST(Agent, AResumeThatIsDoneDoesNotUndoTheBalancersOwnPause) {
  Hands hands;
  hands.registered(0);
  hands.agent.on_command(hands.now, {Command::Kind::resume, ""});
  hands.hears(0, "HEALTHACK 200");
  for (const PeerEvent event : {PeerEvent::down, PeerEvent::up}) {
    if (event == PeerEvent::up) hands.at(hands.now.time_since_epoch() + 300ms);
    hands.agent.on_peer(hands.now, 0, event);
    hands.settle();
  }
  hands.hears(0, "REGISTERED web1 10.0.1.1");
  hands.hears(0, "PAUSED web1");
  EXPECT_EQ(hands.agent.state(0), AgentState::paused);
  EXPECT_NE(hands.said.back(), "0 RESUME web1");
}

TEST(Agent, HeartbeatsKeepStepWhenTimersAreLate) {
  Hands hands;
  hands.registered(0);
  std::vector<Duration> beats;
  for (int i = 0; i < 6; ++i) {
    hands.now = hands.agent.next_deadline() + (i == 3 ? 600ms : 9ms);  // late, once very late
    hands.agent.on_timer(hands.now);
    hands.settle();
    if (hands.said.back() == "0 HEALTH 200") {
      beats.push_back(hands.agent.next_deadline().time_since_epoch());
      hands.said.push_back("");
    }
    hands.hears(0, "HEALTHACK 200");
  }
  ASSERT_GE(beats.size(), 4u);
  for (const Duration next : beats) EXPECT_EQ(next % 250ms, 125ms);
}

TEST(Agent, OpensStreamsThatItLostTogetherTogetherAgain) {
  Hands hands;
  hands.registered(0);
  hands.registered(1);
  for (const PeerId peer : {0, 1}) hands.agent.on_peer(hands.now, peer, PeerEvent::down);
  hands.settle();
  hands.said.clear();
  hands.at(hands.agent.next_deadline().time_since_epoch());
  EXPECT_EQ(hands.said, (std::vector<std::string>{"0 <open>", "1 <open>"}));
}

TEST(Agent, KeepsItsVipWhenABalancerDies) {
  Hands hands;
  hands.registered(0);
  hands.registered(1);
  hands.agent.on_peer(hands.now, 0, PeerEvent::down);
  hands.settle();
  EXPECT_EQ(std::count(hands.notices.begin(), hands.notices.end(), "detach"), 0);
  EXPECT_EQ(hands.agent.state(1), AgentState::active);
}

TEST(Agent, NoticesASilentBalancer) {
  Hands hands;
  hands.registered(0);
  hands.at(1100ms);
  EXPECT_EQ(hands.agent.state(0), AgentState::unregistered);
}

TEST(Agent, SaysItsOrderAgainAfterAReconnect) {
  Hands hands;
  hands.registered(0);
  static_cast<void>(hands.agent.on_command(hands.now, {Command::Kind::drain, {}}));
  hands.settle();
  EXPECT_EQ(hands.said.back(), "0 PAUSE web1");
  hands.hears(0, "PAUSED web1");
  hands.agent.on_peer(hands.now, 0, PeerEvent::down);
  hands.at(500ms);
  hands.registered(0);
  EXPECT_EQ(hands.said.back(), "0 PAUSE web1");
}

TEST(Agent, MayResumeWhatABalancerKeptPaused) {
  Hands hands;
  hands.registered(0);
  hands.hears(0, "PAUSED web1");  // it is back from a broken stream, as the operator left it
  EXPECT_EQ(hands.agent.state(0), AgentState::paused);
  EXPECT_EQ(hands.agent.on_command(hands.now, {Command::Kind::resume, {}}), CommandResult::done);
  hands.settle();
  EXPECT_EQ(hands.said.back(), "0 RESUME web1");
}

TEST(Agent, MayPauseWhatDrainsAndTakeAnOrderBackBeforeItsAnswer) {
  Hands hands;
  hands.registered(0);
  const auto orders = [&](Command::Kind kind) {
    const CommandResult result = hands.agent.on_command(hands.now, {kind, {}});
    hands.settle();
    return result;
  };
  EXPECT_EQ(orders(Command::Kind::resume), CommandResult::refused);
  EXPECT_EQ(orders(Command::Kind::drain), CommandResult::done);
  EXPECT_EQ(orders(Command::Kind::resume), CommandResult::done);
  EXPECT_EQ(orders(Command::Kind::drain), CommandResult::done);
  hands.hears(0, "PAUSED web1");
  EXPECT_EQ(orders(Command::Kind::drain), CommandResult::refused);
  EXPECT_EQ(orders(Command::Kind::pause), CommandResult::done);
  EXPECT_EQ(hands.said.back(), "0 PAUSE web1 now");
  EXPECT_EQ(orders(Command::Kind::pause), CommandResult::refused);
}

TEST(Agent, DetachesAfterTheLastDeregistration) {
  Hands hands;
  hands.registered(0);
  hands.registered(1);
  EXPECT_EQ(hands.agent.on_command(hands.now, {Command::Kind::deregister, {}}),
            CommandResult::done);
  hands.settle();
  hands.hears(0, "DEREGISTERED web1 client requested deregistration");
  EXPECT_EQ(std::count(hands.notices.begin(), hands.notices.end(), "detach"), 0);
  hands.hears(1, "DEREGISTERED web1 client requested deregistration");
  EXPECT_EQ(std::count(hands.notices.begin(), hands.notices.end(), "detach"), 1);
  EXPECT_EQ(hands.agent.next_deadline(), kNever);
}

TEST(Agent, HasLeftWhenTheBalancersThatItAskedHaveAnswered) {
  Hands hands;
  hands.registered(0);  // the other one is being connected to: it is owed no word
  const auto orders = [&](Command::Kind kind) {
    static_cast<void>(hands.agent.on_command(hands.now, {kind, {}}));
    hands.settle();
    return hands.agent.asked();
  };
  EXPECT_EQ(orders(Command::Kind::pause), std::vector<PeerId>{0});
  EXPECT_EQ(orders(Command::Kind::deregister), std::vector<PeerId>{0});
  EXPECT_FALSE(hands.agent.has_left());
  hands.hears(0, "DEREGISTERED web1 client requested deregistration");
  EXPECT_TRUE(hands.agent.has_left());
  EXPECT_EQ(orders(Command::Kind::deregister), std::vector<PeerId>{});
}

// A balancer's packet to the agent, in a tunnel of the agent's kind.
std::vector<std::uint8_t> tunnelled(Address from, Address vip) {
  const auto inner =
      wire::build(wire::TcpSegment{.source = {kClient, 4000}, .destination = {vip, 80}});
  Buffer buffer(inner);
  wire::TunnelHeader(wire::Encapsulation::gue, from, backend_address(1))
      .apply(buffer.packet(), 50000);
  return {buffer.packet().bytes().begin(), buffer.packet().bytes().end()};
}

TEST(Agent, TakesTunnelsOfItsBalancersToItsVipsOnly) {
  Hands hands;
  const auto verdict = [&](std::vector<std::uint8_t> bytes) {
    Buffer buffer(bytes);
    return hands.agent.on_packet(hands.now, buffer.packet());
  };
  EXPECT_EQ(verdict(tunnelled(kBalancer, kVip)), Verdict::forward);
  EXPECT_EQ(verdict(tunnelled(Address::v4(0x0a00ffff), kVip)), Verdict::drop);
  EXPECT_EQ(verdict(tunnelled(kBalancer, Address::v4(0x0a0a0a0a))), Verdict::drop);
  EXPECT_EQ(verdict(wire::build(
                wire::TcpSegment{.source = {kClient, 1}, .destination = {backend_address(1), 22}})),
            Verdict::pass);
  EXPECT_EQ(hands.agent.counters()[Count::drop_stranger], 1u);
  EXPECT_EQ(hands.agent.counters()[Count::drop_not_vip], 1u);
}

TEST(Agent, AnswersProbesThroughEveryTunnel) {
  using enum wire::Encapsulation;
  for (const wire::Encapsulation encapsulation : {caplance, gue, ipip, gre}) {
    BalancerConfig bc = config();
    bc.encapsulation = encapsulation;
    Rig rig(bc);
    rig.up(1).says(1, "REGISTER web1 10.0.1.1");
    AgentConfig ac = agent_config();
    ac.encapsulation = encapsulation;
    Hands hands(ac);
    hands.up(0);
    Buffer buffer(rig.transmitted().back());
    EXPECT_EQ(hands.agent.on_packet(hands.now, buffer.packet()), Verdict::drop);
    hands.settle();
    ASSERT_TRUE(hands.said.back().starts_with("0 SANE ")) << to_string(encapsulation);
    rig.says(1, hands.said.back().substr(2));
    EXPECT_EQ(rig.state(1), BackendState::active);
  }
}

TEST(Agent, ClampsTheMssOfItsAnswers) {
  Hands hands;
  Buffer buffer(wire::build(wire::TcpSegment{.source = {kVip, 80},
                                             .destination = {kClient, 4000},
                                             .flags = wire::tcp_flag::kSyn | wire::tcp_flag::kAck,
                                             .mss = 1460}));
  EXPECT_EQ(hands.agent.on_egress(hands.now, buffer.packet()), Verdict::pass);
  EXPECT_EQ(hands.agent.counters()[Count::mss_clamped], 1u);
}

}  // namespace
}  // namespace poise
