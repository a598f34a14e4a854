// A balancer that begins with what another life of it left behind.
#include <gtest/gtest.h>

#include "model/balancer/recorded.h"
#include "model/balancer/snapshot_merge.h"
#include "model/wire/build.h"
#include "tests/balancer/rig.h"

namespace poise {
namespace {

using namespace poise::testing;
using Bytes = std::vector<std::uint8_t>;

// Memory as a world lends it: it stays when the balancer goes.
class Lent {
 public:
  explicit Lent(const BalancerConfig& c, std::uint64_t life = 7)
      : memory_(Balancer::memory_size(c) + 64),
        bytes_(std::span(memory_).subspan(
            (64 - reinterpret_cast<std::uintptr_t>(memory_.data()) % 64) % 64,
            Balancer::memory_size(c))),
        life_(life) {}
  LentMemory lend() const { return {bytes_, life_}; }
  std::span<const std::byte> bytes() const { return bytes_; }

 private:
  std::vector<std::byte> memory_;
  std::span<std::byte> bytes_;
  std::uint64_t life_;
};

// The name of the backend that a flow's table entry means, for every live flow.
std::map<FlowKey, std::string> placed(const Rig& rig) {
  std::map<FlowKey, std::string> places;
  rig.balancer.flows().for_each(rig.now, [&](const FlowTable::Flow& flow) {
    if (const Backend* backend = rig.balancer.backends().find(flow.backend))
      places[flow.key] = backend->name;
  });
  return places;
}

TEST(Restore, BringsFlowsAndMembersBackBeforeAnyAgent) {
  Rig before;
  before.registers(1).registers(2);
  std::map<std::uint16_t, Address> places;
  for (std::uint16_t port = 4000; port < 4100; ++port) {
    places[port] = before.syn(port).to;
    before.ack(port);
  }
  Rig after;
  ASSERT_EQ(after.restores(before.balancer.snapshot(before.now)), RestoreOutcome::restored);
  EXPECT_EQ(after.notices("lb"), std::vector<std::string>{"restored"});
  for (const auto& [port, place] : places) EXPECT_EQ(after.ack(port).to, place) << port;
  EXPECT_EQ(after.count(Count::flow_tracked), 100u);
  EXPECT_EQ(after.syn(5000).verdict, Verdict::forward);  // and new flows find somebody
}

TEST(Restore, AMemberWhoseAgentReturnsIsProvedWhileItStaysActive) {
  Rig before;
  before.registers(1);
  Rig after;
  ASSERT_EQ(after.restores(before.balancer.snapshot(before.now)), RestoreOutcome::restored);
  after.at(500ms).up(9).says(9, "REGISTER web1 " + backend_address(1).to_string());
  EXPECT_EQ(after.state(1), BackendState::active);
  EXPECT_EQ(after.syn(4000).to, backend_address(1));
  after.says(9, "SANE " + after.probe().first);
  EXPECT_EQ(after.lines(9), std::vector<std::string>{"REGISTERED web1 10.0.1.1"});
  after.beats_until(5s, {9});
  EXPECT_EQ(after.state(1), BackendState::active);
}

TEST(Restore, AMemberWhoseAgentStaysAwayIsLostAfterTheGrace) {
  BalancerConfig c = config();
  c.timeout = 50ms;
  c.restore_grace = 700ms;
  Rig before(c);
  before.registers(1);
  Rig after(c);
  ASSERT_EQ(after.restores(before.balancer.snapshot(before.now)), RestoreOutcome::restored);
  after.at(699ms);
  EXPECT_EQ(after.state(1), BackendState::active);
  after.at(700ms);
  EXPECT_EQ(after.state(1), BackendState::down);
  EXPECT_EQ(after.notices("web1"), std::vector<std::string>{"down"});
}

TEST(Restore, ASignOfLifeEndsTheGraceAndStartsTheTimeout) {
  BalancerConfig c = config();
  c.timeout = 50ms;
  c.restore_grace = 700ms;
  Rig before(c);
  before.registers(1);
  Rig after(c);
  ASSERT_EQ(after.restores(before.balancer.snapshot(before.now)), RestoreOutcome::restored);
  after.at(100ms).up(9).says(9, "REGISTER web1 10.0.1.1").says(9, "HEALTH 200");
  after.at(149ms);
  EXPECT_EQ(after.state(1), BackendState::active);
  after.at(151ms);
  EXPECT_EQ(after.state(1), BackendState::down);
}

TEST(Restore, WhatWasDrainedPausedOrDownIsSoStill) {
  Rig before;
  for (unsigned i = 1; i <= 5; ++i) before.registers(i);
  for (std::uint16_t port = 4000; port < 4200; ++port) before.syn(port), before.ack(port);
  before.command(Command::Kind::drain, "web1");
  before.command(Command::Kind::pause, "web2");
  before.down(3);  // an orphan
  for (int i = 0; i < 3; ++i) before.says(4, "HEALTH 500");
  const std::map<FlowKey, std::string> places = placed(before);
  const std::vector<std::uint8_t> bytes = before.balancer.snapshot(before.now);

  Rig after;
  ASSERT_EQ(after.restores(bytes), RestoreOutcome::restored);
  EXPECT_EQ(after.state(1), BackendState::draining);
  EXPECT_EQ(after.state(2), BackendState::paused);
  EXPECT_EQ(after.state(3), BackendState::draining);
  EXPECT_EQ(after.state(4), BackendState::down);
  EXPECT_EQ(after.state(5), BackendState::active);
  EXPECT_EQ(placed(after), places);
  for (const auto& [key, name] : places)  // a draining one keeps its flows: its tunnel is known
    if (name == "web1") {
      EXPECT_EQ(after.ack(key.source_port).to, backend_address(1));
    }
  for (std::uint16_t port = 6000; port < 6050; ++port)
    EXPECT_EQ(after.syn(port).to, backend_address(5));

  after.registers(3);  // the orphan's agent is back
  EXPECT_EQ(after.state(3), BackendState::active);
  after.up(1).says(1, "REGISTER web1 10.0.1.1").says(1, "SANE " + after.probe().first);
  EXPECT_EQ(after.lines(1).back(), "PAUSED web1");  // ordered, so only an order ends it
  EXPECT_EQ(after.state(1), BackendState::draining);
}

TEST(Restore, AMemberThatDrainsAloneKeepsItsFlows) {
  Rig before;
  before.registers(1).syn(4000);
  before.command(Command::Kind::drain, "web1");
  Rig after;
  ASSERT_EQ(after.restores(before.balancer.snapshot(before.now)), RestoreOutcome::restored);
  EXPECT_EQ(after.ack(4000).to, backend_address(1));
  EXPECT_EQ(after.syn(4001).verdict, Verdict::drop);
}

TEST(Restore, ADrainGoesOnWithTheTimeThatIsLeft) {
  BalancerConfig c = config();
  c.drain_timeout = 3s;
  Rig before(c);
  before.registers(1);
  before.syn(4000);
  before.command(Command::Kind::drain, "web1");
  const auto bytes = before.beats_until(1s, {1}).balancer.snapshot(before.now);
  Rig after(c);
  after.at(2s);  // away for a second
  ASSERT_EQ(after.restores(bytes), RestoreOutcome::restored);
  after.at(2999ms);
  EXPECT_EQ(after.state(1), BackendState::draining);
  after.at(3s);
  EXPECT_EQ(after.state(1), BackendState::paused);
}

TEST(Restore, SlowStartGoesOnAndDoesNotBeginAgain) {
  BalancerConfig c = config();
  c.slow_start = 8s;
  Rig before(c);
  before.registers(1).beats_until(9s, {1}).registers(2).beats_until(12s, {1, 2});
  ASSERT_EQ(before.balancer.backends().find("web2")->ramp_step, 3u);
  Rig after(c);
  after.at(12s);
  ASSERT_EQ(after.restores(before.balancer.snapshot(before.now)), RestoreOutcome::restored);
  EXPECT_EQ(after.balancer.backends().find("web1")->ramp_step, 7u);
  EXPECT_EQ(after.balancer.backends().find("web2")->ramp_step, 3u);
}

TEST(Restore, ComesFirstOrNotAtAll) {
  Rig before;
  before.registers(1);
  const std::vector<std::uint8_t> bytes = before.balancer.snapshot(before.now);
  Rig after;
  EXPECT_EQ(after.restores({}), RestoreOutcome::malformed);
  EXPECT_EQ(after.notices("lb"), std::vector<std::string>{"unrestored"});
  EXPECT_EQ(after.restores(bytes), RestoreOutcome::restored);
  EXPECT_EQ(after.restores(bytes), RestoreOutcome::late);
}

TEST(Restore, LeavesOutWhatDoesNotFit) {
  Rig before;
  before.registers(1).registers(2).registers(3);
  for (std::uint16_t port = 4000; port < 4100; ++port) before.syn(port);
  BalancerConfig c = config();
  c.backend_count_max = 2;
  c.vips.push_back({backend_address(1), 6, 80});  // and web1's address is a vip now
  Rig after(c);
  ASSERT_EQ(after.restores(before.balancer.snapshot(before.now)), RestoreOutcome::restored);
  EXPECT_EQ(after.balancer.backends().size(), 2u);
  std::size_t kept = 0;
  for (const auto& [key, name] : placed(before)) kept += name != "web1";
  EXPECT_EQ(placed(after).size(), kept);
}

TEST(Restore, IsAnEventOfARecord) {
  Rig before;
  before.registers(1).registers(2);
  for (std::uint16_t port = 4000; port < 4050; ++port) before.syn(port);
  const std::vector<std::uint8_t> bytes = before.balancer.snapshot(before.now);

  std::vector<std::uint8_t> record;
  const auto keep = [&](std::span<const std::uint8_t> piece) {
    record.insert(record.end(), piece.begin(), piece.end());
  };
  RecordWriter writer(keep, RecordedMachine::balancer, 0);
  Balancer machine(config(), policy::make({}));
  Recorded<Balancer> recorded(machine, &writer);
  Spectator nowhere;
  ASSERT_EQ(recorded.on_restore(Instant{1s}, bytes), RestoreOutcome::restored);
  drain(recorded, nowhere);
  recorded.on_timer(Instant{3s});
  drain(recorded, nowhere);
  recorded.finish();

  Balancer again(config(), policy::make({}));
  const ReplayReport report = replay(record, again);
  EXPECT_EQ(report.error, "");
  EXPECT_TRUE(report.identical);
  EXPECT_EQ(report.events, 2u);
}

// --- kill -9 -------------------------------------------------------------------------------------

// A daemon's files: the lent memory, and the membership as it was last written.
struct Files {
  explicit Files(const BalancerConfig& c, std::uint64_t life) : lent(c, life) {}
  Lent lent;
  std::vector<std::uint8_t> membership;
  std::uint64_t version = ~std::uint64_t{0};

  void write(const Rig& rig) {
    if (version == rig.balancer.membership_version()) return;
    version = rig.balancer.membership_version();
    membership = rig.balancer.membership_snapshot(rig.now);
  }
};

// One random thing that happens to a balancer.
void happen(Rig& rig, Rng& rng, std::map<unsigned, PeerId>& peers, PeerId& next_peer) {
  const auto i = static_cast<unsigned>(1 + rng.below(4));
  const auto peer = peers.find(i);
  switch (rng.below(12)) {
    case 0:
    case 1:
      if (peer != peers.end()) return;
      peers[i] = ++next_peer;
      rig.up(next_peer).says(next_peer,
                             "REGISTER " + backend_name(i) + ' ' +
                                 backend_address(i + (rng.below(2) == 0 ? 0 : 4)).to_string());
      if (const auto probes = rig.transmitted(); !probes.empty()) {
        const std::string text(probes.back().begin(), probes.back().end());
        if (const std::size_t at = text.find("SANITY "); at != std::string::npos)
          rig.says(next_peer, "SANE " + text.substr(at + 7, 16));
      }
      if (rig.closed(next_peer)) peers.erase(i);
      return;
    case 2:
      if (peer == peers.end()) return;
      rig.down(peer->second);
      peers.erase(peer);
      return;
    case 3:
      if (peer == peers.end()) return;
      rig.says(peer->second, "DEREGISTER " + backend_name(i));
      peers.erase(peer);
      return;
    case 4:
      rig.command(static_cast<Command::Kind>(rng.below(3)), backend_name(i));
      return;
    case 5:
      rig.at(rig.now.time_since_epoch() +
             Duration{static_cast<std::int64_t>(rng.below(300'000'000))});
      std::erase_if(peers, [&](const auto& entry) { return rig.closed(entry.second); });
      return;
    default:
      for (std::uint64_t n = rng.below(20); n-- > 0;) {
        const auto port = static_cast<std::uint16_t>(4000 + rng.below(200));
        rng.below(2) == 0 ? rig.syn(port) : rig.ack(port);
      }
      rig.transmitted();
  }
}

TEST(Restore, AfterAKillEveryFlowOfAKnownMemberIsWhereItWas) {
  std::size_t flows = 0;
  for (std::uint64_t seed = 1; seed <= 1000; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Rng rng(seed);
    Files files(config(), seed);
    Rig before(config(), {}, files.lent.lend());
    std::map<unsigned, PeerId> peers;
    PeerId next_peer = 0;
    for (std::uint64_t i = 10 + rng.below(60); i-- > 0;) {
      happen(before, rng, peers, next_peer);
      // The last change may have come too late for the file.
      if (i > 0 || rng.below(2) == 0) files.write(before);
    }
    std::map<FlowKey, std::string> expected = placed(before);
    const std::span<const std::byte> region = files.lent.bytes();
    const MergedSnapshot merged = merge_snapshot(before.now, files.membership, {&region, 1});
    ASSERT_EQ(merged.error, "");

    Rig after;
    after.at(before.now.time_since_epoch());
    ASSERT_EQ(after.restores(merged.bytes), RestoreOutcome::restored);
    const std::map<FlowKey, std::string> found = placed(after);
    for (const auto& [key, name] : found) {  // never misled
      const auto was = expected.find(key);
      const Backend* old = before.balancer.backends().find(name);
      if (was == expected.end()) continue;  // of a member that left after the file was written
      ASSERT_EQ(was->second, name);
      ASSERT_EQ(old->address, after.balancer.backends().find(name)->address);
    }
    if (files.version == before.balancer.membership_version()) {  // and then none is lost
      std::erase_if(expected, [&](const auto& entry) {
        return before.balancer.backends().find(entry.second)->state == BackendState::registering;
      });
      ASSERT_EQ(found, expected);
      flows += found.size();
    }
  }
  EXPECT_GT(flows, 10000u);
}

TEST(Restore, FlowsOfSeveralTablesMeetAndTheLastUsedWins) {
  Files first(config(), 7), second(config(), 7), stranger(config(), 8);
  Rig a(config(), {}, first.lent.lend()), b(config(), {}, second.lent.lend());
  Rig c(config(), {}, stranger.lent.lend());
  for (Rig* rig : {&a, &b, &c}) rig->registers(1).registers(2);
  const Address to = a.syn(4000).to;
  const unsigned other = to == backend_address(1) ? 2 : 1;
  a.syn(4001), b.syn(4002), c.syn(4003);
  b.command(Command::Kind::pause, backend_name(3 - other));
  b.at(100ms).syn(4000);  // its packets have changed their queue, and later its backend
  const std::span<const std::byte> regions[] = {first.lent.bytes(), second.lent.bytes(),
                                                stranger.lent.bytes()};
  const MergedSnapshot merged =
      merge_snapshot(Instant{200ms}, a.balancer.membership_snapshot(a.now), regions);
  EXPECT_EQ(merged.flows, 3u);
  EXPECT_EQ(merged.repeated, 1u);
  EXPECT_EQ(merged.lives, 1u);
  Rig after;
  after.at(200ms);
  ASSERT_EQ(after.restores(merged.bytes), RestoreOutcome::restored);
  EXPECT_EQ(after.ack(4000).to, backend_address(other));
}

}  // namespace
}  // namespace poise
