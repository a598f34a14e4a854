// Laws of records: a replay of what was recorded gives the same, and nothing in a record can hurt.
#include "model/balancer/recorded.h"

#include "model/balancer/agent.h"
#include "tests/balancer/rig.h"

namespace poise {
namespace {

using namespace testing;

std::vector<std::uint8_t> record_some(std::uint64_t seed) {
  std::vector<std::uint8_t> record;
  Balancer balancer(config(), policy::make({}));
  RecordWriter writer(
      [&](std::span<const std::uint8_t> bytes) {
        record.insert(record.end(), bytes.begin(), bytes.end());
      },
      RecordedMachine::balancer, 42);
  Recorded<Balancer> recorded(balancer, &writer);
  Spectator nowhere;
  Rng rng(seed);
  Instant now{};
  for (int i = 0; i < 500; ++i) {
    now += Duration(static_cast<std::int64_t>(rng.below(10'000'000)));
    const auto peer = static_cast<PeerId>(rng.below(4));
    const std::string lines[] = {
        "REGISTER web" + std::to_string(peer) + " 10.0.1." + std::to_string(peer) + "\n",
        "HEALTH 200\n", "PAUSE x\n", "RES",
        "REPLICA db " + std::to_string(peer % 2) + ' ' + std::to_string(i) + " active\n"};
    switch (rng.below(6)) {
      case 0:
        recorded.on_peer(now, peer, rng.below(3) ? PeerEvent::up : PeerEvent::down);
        break;
      case 1: {
        const std::string& line = lines[rng.below(5)];
        recorded.on_message(now, peer,
                            {reinterpret_cast<const std::uint8_t*>(line.data()), line.size()});
        break;
      }
      case 2:
        recorded.on_timer(now);
        break;
      case 3:
        static_cast<void>(recorded.on_command(now, {Command::Kind::drain, "web1"}));
        break;
      case 4: {
        const std::vector<FlowCount> told(rng.below(3), {1, static_cast<std::uint32_t>(i)});
        recorded.on_flow_counts(now, told);
        break;
      }
      default: {
        Buffer buffer(wire::build(
            wire::TcpSegment{.source = {kClient, static_cast<std::uint16_t>(1000 + peer)},
                             .destination = {kVip, 80}}));
        static_cast<void>(recorded.on_packet(now, buffer.packet()));
      }
    }
    drain(recorded, nowhere);
  }
  recorded.finish();
  return record;
}

TEST(Record, ReplaysIdentically) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    const auto record = record_some(seed);
    Balancer fresh(config(), policy::make({}));
    const ReplayReport report = replay(record, fresh);
    EXPECT_EQ(report.error, "");
    EXPECT_TRUE(report.identical) << "seed " << seed << ", event " << report.diverged_at;
    EXPECT_EQ(report.events, 500u);
  }
}

TEST(Record, OfAnAgentReplaysWhatItsServerSaid) {
  AgentConfig c{.address = backend_address(1), .balancers = {kBalancer}};
  Agent agent(c);
  std::vector<std::uint8_t> record;
  RecordWriter writer(
      [&](std::span<const std::uint8_t> bytes) {
        record.insert(record.end(), bytes.begin(), bytes.end());
      },
      RecordedMachine::agent, 42);
  Recorded<Agent> recorded(agent, &writer);
  Spectator nowhere;
  recorded.start(Instant{});
  drain(recorded, nowhere);
  recorded.on_peer(Instant{} + 1ms, 0, PeerEvent::up);
  drain(recorded, nowhere);
  for (std::uint64_t epoch = 1; epoch < 5; ++epoch) {
    recorded.on_replica(Instant{} + 2ms,
                        {.pair = "db", .index = 1, .epoch = epoch << 50, .active = epoch > 2});
    drain(recorded, nowhere);
  }
  recorded.finish();
  Agent fresh(c);
  EXPECT_TRUE(replay(record, fresh).identical);
  EXPECT_EQ(fresh.replica(), agent.replica());
  EXPECT_EQ(fresh.replica()->epoch, 4ull << 50);
}

TEST(Record, AnotherConfigurationDiverges) {
  const auto record = record_some(1);
  BalancerConfig other = config();
  other.seed = 2;
  Balancer fresh(other, policy::make({}));
  const ReplayReport report = replay(record, fresh);
  EXPECT_FALSE(report.identical);
  EXPECT_GT(report.diverged_at, 0u);
}

TEST(Record, ATruncatedOneIsAnErrorWithItsPlace) {
  const auto record = record_some(1);
  for (std::size_t size = 0; size < record.size(); size += 7) {
    Balancer fresh(config(), policy::make({}));
    const ReplayReport report = replay(std::span(record).first(size), fresh);
    EXPECT_FALSE(report.error.empty()) << size;
    EXPECT_FALSE(report.identical);
  }
}

// kill -9 while a packet of 64 KiB is written leaves its first pages.
TEST(Record, ThatEndsWithinAnEventIsOneOfAMachineThatWasKilled) {
  const auto record = record_some(1);
  constexpr std::size_t kHeader = 18;
  for (std::size_t size = kHeader; size < record.size(); size += 23) {
    Balancer fresh(config(), policy::make({}));
    const ReplayReport report = replay(std::span(record).first(size), fresh);
    EXPECT_TRUE(report.is_cut) << size << ": " << report.error;
    EXPECT_EQ(report.diverged_at, 0u) << size;
  }
}

TEST(Record, MutatedBytesNeverCrash) {
  const auto record = record_some(1);
  Rng rng(5);
  for (int i = 0; i < 300; ++i) {
    auto mutated = record;
    for (int k = 0; k < 3; ++k)
      mutated[rng.below(mutated.size())] ^= static_cast<std::uint8_t>(1 << rng.below(8));
    Balancer fresh(config(), policy::make({}));
    static_cast<void>(replay(mutated, fresh));
  }
}

TEST(Record, RefusesAPeerWhoseNumberIsTooLarge) {
  std::vector<std::uint8_t> record;
  RecordWriter writer(
      [&](std::span<const std::uint8_t> bytes) {
        record.insert(record.end(), bytes.begin(), bytes.end());
      },
      RecordedMachine::balancer, 0);
  const auto read = [](std::vector<std::uint8_t> bytes) {
    RecordReader reader(bytes);
    return reader.next().has_value();
  };
  const auto with = [&](std::initializer_list<std::uint8_t> event) {
    std::vector<std::uint8_t> bytes = record;
    bytes.insert(bytes.end(), event);
    return bytes;
  };
  EXPECT_TRUE(read(with({2, 0, 0xff, 0xff, 0xff, 0xff, 0x0f, 1})));
  EXPECT_FALSE(read(with({2, 0, 0x80, 0x80, 0x80, 0x80, 0x10, 1})));
}

}  // namespace
}  // namespace poise
