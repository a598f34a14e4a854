// Input commit beside output commit: two hosts that do the same, and what waiting for inputs costs.
#include "model/tcp/host/input_host.h"

#include <gtest/gtest.h>

#include "tests/tcp_host/transfer.h"
#include "tests/world/calendar.h"

namespace poise::tcp::testing {
namespace {

using namespace std::chrono_literals;

constexpr Duration kWire = 1ms, kReplication = 50us;

// A client and two replicas; the wire to the VIP leads to one of them.
class InputWorld {
 public:
  InputWorld() : client_(plain_world({}).client) {
    for (const int i : {0, 1}) {
      HostConfig config = plain_world({}).server;
      config.listeners[0].application = &servers_[i];
      config.replication.role = i == 0 ? Role::active : Role::standby;
      replicas_[i] = std::make_unique<InputHost>(config);
    }
    for (const int node : {0, 1, 2}) event(node, [this](auto& m) { m.start(now()); });
    for (const int i : {0, 1})
      event(i, [this](auto& m) { m.on_peer(now(), kReplicaPeer, PeerEvent::up); });
  }

  Instant now() const { return calendar_.now(); }
  void run_until(Instant until) { calendar_.run_until(until); }
  Slot connect(Client& client, const ConnectionConfig& config = {}) {
    std::optional<Slot> slot;
    event(2, [&](auto& m) {
      if constexpr (std::is_same_v<std::remove_reference_t<decltype(m)>, Host>)
        slot = m.connect(now(), kAlice, kVip, &client, config);
    });
    return slot.value();
  }
  // Steps of 50 microseconds until it holds; how long that took.
  template <class Holds>
  Duration until(Holds holds, Duration at_most) {
    const Instant begin = now();
    while (!holds() && now() - begin < at_most) run_until(now() + 50us);
    return now() - begin;
  }
  void crash_active(bool silent) {
    dead_ = true;
    serving_ = 1;
    if (!silent) event(1, [this](auto& m) { m.on_peer(now(), kReplicaPeer, PeerEvent::down); });
  }
  Host& client() { return client_; }
  InputHost& replica(int i) { return *replicas_[i]; }

 private:
  struct Wires {  // the World of one node
    InputWorld& world;
    int node;
    void transmit(const Packet& packet) { world.carry(node, packet.bytes()); }
    void send(const Message& message) { world.tell(node, message); }
    void notice(const Notice&) {}
    void wake_at(Instant at) { world.wake(node, at); }
  };

  template <class Call>
  void event(int node, Call call) {
    if (node == 0 && dead_) return;
    Wires wires{*this, node};
    if (node == 2) {
      call(client_);
      drain(client_, wires);
    } else {
      call(*replicas_[node]);
      drain(*replicas_[node], wires);
    }
  }
  void carry(int from, std::span<const std::uint8_t> bytes) {
    calendar_.enter(now() + kWire, [this, from, copy = std::vector(bytes.begin(), bytes.end())] {
      std::vector<std::uint8_t> memory(kHeadroom);
      memory.insert(memory.end(), copy.begin(), copy.end());
      Packet packet(memory, kHeadroom, copy.size());
      event(from == 2 ? serving_ : 2, [&](auto& m) { (void)m.on_packet(now(), packet); });
    });
  }
  void tell(int from, const Message& message) {
    if (message.kind != Message::Kind::bytes) return;
    calendar_.enter(now() + kReplication, [this, from, bytes = message.bytes] {
      event(1 - from, [&](auto& m) {
        m.on_message(now(), kReplicaPeer,
                     {reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()});
      });
    });
  }
  void wake(int node, Instant at) {
    if (at == kNever || at == armed_[node]) return;
    armed_[node] = at;
    calendar_.enter(std::max(at, now()), [this, node, at] {
      if (armed_[node] != at) return;
      armed_[node] = kNever;
      event(node, [this](auto& m) { m.on_timer(now()); });
    });
  }

  memory::Calendar calendar_;
  EchoServer servers_[2];
  Host client_;
  std::unique_ptr<InputHost> replicas_[2];
  Instant armed_[3] = {kNever, kNever, kNever};
  int serving_ = 0;
  bool dead_ = false;
};

constexpr std::uint64_t kSize = 500'000;

TEST(InputHost, IsTheSameMachineOnBothReplicas) {
  InputWorld world;
  Client client(kSize);
  world.connect(client);
  for (int i = 0; i < 40; ++i) {
    world.run_until(world.now() + 5ms);
    // The active is behind by what is on its way; when all is quiet they are one.
    EXPECT_LE(world.replica(0).applied(), world.replica(1).applied());
  }
  world.until([&] { return client.closed(); }, 10s);
  world.run_until(world.now() + 1s);
  EXPECT_EQ(client.got(), kSize);
  EXPECT_EQ(world.replica(0).applied(), world.replica(1).applied());
  EXPECT_EQ(world.replica(0).digest(), world.replica(1).digest());
}

TEST(InputHost, GoesOnInTheOtherServer) {
  for (const Duration at : {1500us, 2200us, 5000us, 9000us, 14000us, 30000us}) {
    InputWorld world;
    Client client(kSize);
    world.connect(client);
    world.run_until(Instant{at});
    world.crash_active(false);
    world.until([&] { return client.closed(); }, 60s);
    EXPECT_EQ(client.got(), kSize) << at.count();
    EXPECT_FALSE(client.wrong());
  }
}

TEST(InputHost, TakesSilenceForDeath) {
  InputWorld world;
  Client client(kSize);
  world.connect(client);
  world.run_until(Instant{9ms});
  world.crash_active(true);
  const Duration silent = world.until([&] { return world.replica(1).role() == Role::active; }, 60s);
  EXPECT_GE(silent, 10ms);
  EXPECT_LE(silent, 16ms);
  EXPECT_EQ(world.replica(1).epoch(), 2u);
  world.until([&] { return client.closed(); }, 60s);
  EXPECT_EQ(client.got(), kSize);
  EXPECT_FALSE(client.wrong());
}

// What the README of the room says of the policies, measured: output commit costs a handshake
// nothing, input commit a replication round trip.
TEST(InputHost, DelaysWhatOutputCommitDoesNot) {
  InputWorld inputs;
  Client client(kSize);
  const Slot slot = inputs.connect(client);
  const Duration handshake_in =
      inputs.until([&] { return inputs.client().state(slot) != State::syn_sent; }, 1s);
  const Duration transfer_in = handshake_in + inputs.until([&] { return client.closed(); }, 10s);

  World outputs(replicated_world([] { return std::make_unique<EchoServer>(); }));
  outputs.run_for(200ms);
  const Instant begin = outputs.now();
  Client other(kSize);
  std::optional<Slot> other_slot;
  outputs.act(Node::client, [&](Host& host) {
    other_slot = host.connect(outputs.now(), kAlice, kVip, &other, ConnectionConfig{});
  });
  outputs.run_while([&] { return outputs.client().state(*other_slot) == State::syn_sent; },
                    begin + 1s);
  const Duration handshake_out = outputs.now() - begin;
  outputs.run_while([&] { return !other.closed(); }, begin + 10s);
  const Duration transfer_out = outputs.now() - begin;

  std::printf("handshake %.3f ms, 500 kB echoed %.3f ms by output commit\n",
              to_seconds(handshake_out) * 1e3, to_seconds(transfer_out) * 1e3);
  std::printf("handshake %.3f ms, 500 kB echoed %.3f ms by input commit, %.3f bytes a byte\n",
              to_seconds(handshake_in) * 1e3, to_seconds(transfer_in) * 1e3,
              static_cast<double>(inputs.replica(0).replication_bytes()) / kSize);
  EXPECT_EQ(handshake_out, 2 * kWire);
  EXPECT_EQ(handshake_in, 2 * kWire + 2 * kReplication);
}

}  // namespace
}  // namespace poise::tcp::testing
