// A host against a host: transfers over good and bad wires, and over the death of a server.
#include <gtest/gtest.h>

#include <algorithm>

#include "model/tcp/application/echo.h"
#include "tests/tcp_host/transfer.h"

namespace poise::tcp::testing {
namespace {

using namespace std::chrono_literals;

// A client of a world, started now.
std::unique_ptr<Client> start(World& world, std::uint64_t up) {
  auto client = std::make_unique<Client>(up);
  world.act(Node::client, [&](Host& host) {
    ConnectionConfig config;
    ASSERT_TRUE(host.connect(world.now(), kAlice, kVip, client.get(), config));
  });
  return client;
}

TEST(Host, EchoesAStream) {
  World world(plain_world([] { return std::make_unique<EchoServer>(); }));
  const auto client = start(world, 1'000'000);
  EXPECT_TRUE(world.run_while([&] { return !client->closed(); }, world.now() + 60s));
  EXPECT_EQ(client->got(), 1'000'000u);
  EXPECT_FALSE(client->wrong());
}

TEST(Host, EchoesAStreamOverBadWires) {
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    SCOPED_TRACE(seed);
    WorldConfig config = plain_world([] { return std::make_unique<EchoServer>(); });
    config.loss = 0.02 * static_cast<double>(seed % 5);
    config.seed = seed;
    World world(config);
    const auto client = start(world, 200'000);
    EXPECT_TRUE(world.run_while([&] { return !client->closed(); }, world.now() + 600s));
    EXPECT_EQ(client->got(), 200'000u);
    EXPECT_FALSE(client->wrong());
  }
}

TEST(Host, FreesItsSlotsWhenConnectionsHaveEnded) {
  World world(plain_world([] { return std::make_unique<EchoServer>(); }));
  const auto client = start(world, 1000);
  EXPECT_TRUE(world.run_while([&] { return !client->closed(); }, world.now() + 60s));
  world.run_for(200s);
  EXPECT_TRUE(world.client().slots().empty());
  EXPECT_TRUE(world.replica(0)->slots().empty());
}

// Closes when its peer has; remembers how it ended.
class Witnessing final : public Application {
 public:
  void on_ready(Instant, Stream& stream) override {
    (void)stream.commit(stream.received(), stream.committed(), {});
    ++calls;
    broken = stream.broken();
    if (stream.peer_closed()) stream.close();
  }
  int calls = 0;
  bool broken = false;
};

TEST(Host, TellsAnApplicationThatItsConnectionBroke) {
  for (const bool aborts : {false, true}) {
    SCOPED_TRACE(aborts ? "the peer resets" : "the peer closes");
    Witnessing watcher;
    World world(plain_world([] { return std::make_unique<EchoServer>(); }));
    world.act(Node::client, [&](Host& host) {
      ConnectionConfig connection;
      ASSERT_TRUE(host.connect(world.now(), kAlice, kVip, &watcher, connection));
    });
    world.run_for(100ms);
    EXPECT_FALSE(watcher.broken);
    const int calls = watcher.calls;
    world.act(Node::first, [&](Host& host) {
      Stream* stream = host.stream(0);
      ASSERT_TRUE(stream);
      aborts ? stream->abort() : stream->close();
      host.touch(world.now(), 0);
    });
    world.run_for(1s);
    EXPECT_GT(watcher.calls, calls);
    EXPECT_EQ(watcher.broken, aborts);
  }
}

TEST(Host, AsksAgainWhoseWriteFoundNoMemory) {
  WorldConfig config = plain_world([] { return std::make_unique<SourceServer>(100'000); });
  config.server.chunk_count = 4;  // for ten connections
  World world(config);
  std::vector<std::unique_ptr<Client>> clients;
  for (int i = 0; i < 10; ++i) clients.push_back(start(world, 0));
  const auto all = [&](auto done) { return std::ranges::all_of(clients, done); };
  EXPECT_TRUE(
      world.run_while([&] { return !all([](const auto& client) { return client->closed(); }); },
                      world.now() + 10s));
  for (const auto& client : clients) {
    EXPECT_EQ(client->got(), 100'000u);
    EXPECT_FALSE(client->wrong());
  }
}

// All have more to say than the pool holds, and say it before they read: an echo that finds no room
// for its answer reads nothing, and gives nothing back.
TEST(Host, EchoesThoughItsMemoryIsFull) {
  WorldConfig config = plain_world([] { return std::make_unique<Echo>(); });
  config.server.chunk_count = 8;
  World world(config);
  std::vector<std::unique_ptr<Client>> clients;
  for (int i = 0; i < 10; ++i) clients.push_back(start(world, 100'000));
  const auto all = [&](auto done) { return std::ranges::all_of(clients, done); };
  EXPECT_TRUE(
      world.run_while([&] { return !all([](const auto& client) { return client->closed(); }); },
                      world.now() + 600s));
  for (const auto& client : clients) EXPECT_EQ(client->got(), 100'000u);
}

TEST(Host, ResetsWhatNobodyListensTo) {
  WorldConfig config = plain_world([] { return std::make_unique<EchoServer>(); });
  config.server.listeners[0].local.port = 81;
  World world(config);
  const auto client = start(world, 1000);
  world.run_for(100ms);
  EXPECT_TRUE(world.client().slots().empty());
  EXPECT_EQ(world.replica(0)->counters().resets, 1u);
}

TEST(Pair, ProtectsItsConnections) {
  World world(replicated_world([] { return std::make_unique<EchoServer>(); }));
  world.run_for(200ms);
  ASSERT_TRUE(world.active());
  EXPECT_TRUE(world.active()->is_protected());
  const auto client = start(world, 500'000);
  EXPECT_TRUE(world.run_while([&] { return !client->closed(); }, world.now() + 60s));
  EXPECT_EQ(client->got(), 500'000u);
  EXPECT_FALSE(client->wrong());
}

TEST(Pair, GoesOnInTheOtherServer) {
  for (const bool silent : {false, true}) {
    for (const auto at : {1ms, 3ms, 5ms, 10ms, 15ms, 20ms, 30ms, 50ms}) {
      SCOPED_TRACE(::testing::Message() << (silent ? "silent " : "hung up ") << at.count());
      World world(replicated_world([] { return std::make_unique<EchoServer>(); }));
      world.run_for(200ms);
      const auto client = start(world, 500'000);
      world.run_for(at);
      world.crash(0, silent);
      EXPECT_TRUE(world.run_while([&] { return !client->closed(); }, world.now() + 60s));
      EXPECT_EQ(client->got(), 500'000u);
      EXPECT_FALSE(client->wrong());
    }
  }
}

TEST(Pair, GoesOnWithoutItsStandby) {
  World world(replicated_world([] { return std::make_unique<EchoServer>(); }));
  world.run_for(200ms);
  const auto client = start(world, 500'000);
  world.run_for(10ms);
  world.crash(1, true);
  EXPECT_TRUE(world.run_while([&] { return !client->closed(); }, world.now() + 60s));
  EXPECT_EQ(client->got(), 500'000u);
}

// A processor or a virtual machine that both share stands still, and they wake one after the other.
TEST(Pair, StaysTogetherWhenBothReplicasWereAway) {
  for (const int first : {0, 1}) {
    SCOPED_TRACE(first == 0 ? "the active wakes first" : "the standby wakes first");
    World world(replicated_world([] { return std::make_unique<EchoServer>(); }));
    world.run_for(200ms);
    const auto client = start(world, 500'000);
    world.run_for(10ms);
    const std::uint64_t epoch = world.active()->epoch();
    for (const int index : {0, 1}) world.freeze(index);
    world.run_for(25ms);
    world.thaw(first);
    world.run_for(3ms);
    world.thaw(1 - first);
    EXPECT_TRUE(world.run_while([&] { return !client->closed(); }, world.now() + 60s));
    EXPECT_EQ(world.active()->epoch(), epoch);
    EXPECT_EQ(client->got(), 500'000u);
    EXPECT_FALSE(client->wrong());
  }
}

// Takes everything in and says nothing.
class Sink final : public Application {
 public:
  void on_ready(Instant, Stream& stream) override {
    (void)stream.commit(stream.received(), stream.committed(), {});
    if (stream.peer_closed()) stream.close();
  }
};

// Sends some, and stays.
class Greeter final : public Application {
 public:
  static constexpr std::size_t kSize = 60'000;
  void on_ready(Instant, Stream& stream) override {
    if (stream.written() > 0) return;
    (void)stream.write_at(0, bytes_at(0, kSize));
    (void)stream.commit(stream.received(), kSize, {});
  }
};

// 50 idle connections whose clients have all: what a standby kept of them would not fit.
TEST(Pair, KeepsNothingThatIdleClientsHave) {
  WorldConfig config = replicated_world([] { return std::make_unique<Greeter>(); });
  config.server.chunk_count = 50;
  World world(config);
  world.run_for(200ms);
  Sink sink;
  for (int i = 0; i < 50; ++i) {
    std::optional<Slot> slot;
    world.act(Node::client,
              [&](Host& host) { slot = host.connect(world.now(), kAlice, kVip, &sink, {}); });
    world.run_for(100ms);
    EXPECT_EQ(world.client().stream(slot.value())->consumed(), Greeter::kSize);
  }
  for (const std::string& notice : world.notices())
    EXPECT_EQ(notice.find("hung-up"), std::string::npos) << notice;
  EXPECT_TRUE(world.active()->is_protected());
}

// How long an upload stands still when its server dies: until a server has more of it than the dead
// one ever acknowledged.
Duration upload_stall(bool mirror) {
  WorldConfig config = replicated_world([] { return std::make_unique<Sink>(); });
  config.mirror = mirror;
  config.server.held_packets_max = mirror ? 256 : 0;
  World world(config);
  world.run_for(200ms);
  const auto client = start(world, 40'000'000);
  world.run_for(30ms);
  const Slot slot = world.active()->slots().at(0);
  world.crash(0, true);
  const Instant crashed = world.now();
  world.run_for(4ms);  // what was on the wire when the server died has arrived
  const std::uint64_t then = world.client().stream(slot)->acknowledged();
  EXPECT_TRUE(world.run_while([&] { return world.client().stream(slot)->acknowledged() == then; },
                              crashed + 10s));
  const Duration stall = world.now() - crashed;
  EXPECT_TRUE(world.run_while([&] { return !client->closed(); }, crashed + 60s));
  return stall;
}

TEST(Pair, WithAMirrorTheClientNeedNotRepeatItself) {
  const Duration alone = upload_stall(false), mirrored = upload_stall(true);
  EXPECT_GE(alone, 190ms);    // the client's minimum RTO
  EXPECT_LE(mirrored, 22ms);  // three heartbeats, the witness, and a round trip
}

}  // namespace
}  // namespace poise::tcp::testing
