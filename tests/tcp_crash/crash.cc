// Runs a transfer, brings the fault about, and looks whether the client gets all the same.
#include "tests/tcp_crash/crash.h"

#include <algorithm>
#include <ostream>
#include <sstream>

#include "model/wire/describe.h"
#include "tests/tcp_host/transfer.h"

namespace poise::tcp::testing {

namespace {

using namespace std::chrono_literals;

constexpr std::uint64_t kSize = 20000;  // bytes of a stream
constexpr std::uint32_t kMtu = 576;     // many segments, and so many events, each a crash point
constexpr std::uint32_t kLogSizeMax = 4096;

// Checks every byte by its offset, and at the end says so in a byte.
class SinkServer final : public Application {
 public:
  void on_ready(Instant, Stream& stream) override {
    std::vector<std::uint8_t> bytes(stream.received() - stream.consumed());
    const std::size_t size = stream.read_at(stream.consumed(), bytes);
    const auto known = bytes_at(stream.consumed(), size);
    const bool right = std::equal(known.begin(), known.end(), bytes.begin());
    std::uint8_t wrong = stream.blob().empty() ? 0 : stream.blob()[0];
    if (!right) wrong = 1;
    (void)stream.commit(stream.consumed() + size, stream.committed(), std::span(&wrong, 1));
    if (!stream.peer_closed()) return;
    if (wrong == 0 && stream.consumed() == kSize) {
      (void)stream.write_at(0, bytes_at(0, 1));
      (void)stream.commit(stream.consumed(), stream.written(), stream.blob());
    }
    stream.close();
  }
};

constexpr std::string_view kNode[] = {"client", "first", "second", "witness"};
constexpr auto kLimit = 20s;  // I9: a client that has not got all by then never will

WorldConfig world_of(const Case& crash) {
  WorldConfig config =
      replicated_world([traffic = crash.traffic]() -> std::unique_ptr<Application> {
        if (traffic == Traffic::download) return std::make_unique<SourceServer>(kSize);
        if (traffic == Traffic::upload) return std::make_unique<SinkServer>();
        return std::make_unique<EchoServer>();
      });
  config.server.replication.policy = crash.policy;
  config.server.replication.log_size_max = kLogSizeMax;
  config.server.chunk_count = config.client.chunk_count = 16;
  config.server.connection_count_max = config.client.connection_count_max = 4;
  for (HostConfig* host : {&config.client, &config.server})
    for (Listener& listener : host->listeners) {
      listener.connection.send_buffer = listener.connection.receive_buffer = 16384;
      listener.connection.mtu = kMtu;
    }
  config.seed = crash.seed;
  config.loss = crash.loss;
  config.mirror = crash.mirror;
  config.server.held_packets_max = crash.mirror ? 64 : 0;
  return config;
}

// The fault at its moment, and what belongs to it later.
class Doom {
 public:
  Doom(World& world, Fault fault) : world_(world), fault_(fault) {}

  void strike() {
    struck_at_ = world_.now();
    Host* active = world_.active();
    victim_ = active && active == world_.replica(1) ? 1 : 0;
    switch (fault_) {
      case Fault::none:
        return;
      case Fault::kill_active:
      case Fault::kill_twice:
        return world_.crash(victim_, false);
      case Fault::lose_active:
        return world_.crash(victim_, true);
      case Fault::lose_standby:
        return world_.crash(1 - victim_, true);
      case Fault::cut_replication:
        return world_.cut(Link::replicas);
      case Fault::freeze_active:
        return world_.freeze(victim_);
      case Fault::lose_witness:
        return world_.crash_witness();
    }
  }

  // Called between events.
  void follow() {
    const Duration since = world_.now() - struck_at_;
    if (fault_ == Fault::freeze_active && step(since >= 60ms)) world_.thaw(victim_);
    if (fault_ == Fault::cut_replication && step(since >= 60ms)) world_.heal(Link::replicas);
    if (fault_ == Fault::lose_witness) {
      if (steps_ == 0 && step(since >= 20ms)) world_.restart_witness();
      if (steps_ == 1 && step(since >= 45ms)) world_.crash(victim_, true);
    }
    if (fault_ == Fault::kill_twice) {
      if (steps_ == 0 && step(since >= 30ms)) world_.restart(victim_);
      const Host* active = world_.active();
      if (steps_ == 1 && step(active && active->is_protected())) world_.crash(1 - victim_, false);
    }
  }

 private:
  bool step(bool now) {
    if (now) ++steps_;
    return now && (steps_ == 1 || fault_ == Fault::lose_witness || fault_ == Fault::kill_twice);
  }

  World& world_;
  Fault fault_;
  Instant struck_at_ = kNever;
  int victim_ = 0;
  int steps_ = 0;
};

void tell(World& world, std::ostream& story) {
  world.on_emit = [&world, &story, inner = world.on_emit](Node from,
                                                          std::span<const std::uint8_t> bytes) {
    story << to_ns(world.now()) / 1000 << " us, " << kNode[static_cast<std::size_t>(from)] << ": "
          << wire::describe(bytes) << "\n";
    inner(from, bytes);
  };
}

}  // namespace

Outcome run(const Case& crash, std::ostream* story) {
  World world(world_of(crash));
  Outcome outcome;
  if (!world.run_while([&] { return !world.active() || !world.active()->is_protected(); },
                       world.now() + 5s)) {
    outcome.broken.push_back("the pair did not form");
    return outcome;
  }
  Watch watch(world, kLogSizeMax);
  Doom doom(world, crash.fault);
  if (story) tell(world, *story);
  const std::uint64_t first = world.event_count();
  bool struck = false, strikes = false;
  world.after_event = [&](std::uint64_t event) {
    if (event == first + crash.after) strikes = true;
    watch.after_event();
  };
  const std::uint64_t up = crash.traffic == Traffic::download ? 0 : kSize;
  auto client = std::make_unique<Client>(up);
  world.act(Node::client, [&](Host& host) {
    ConnectionConfig config;
    config.send_buffer = config.receive_buffer = 16384;
    config.mtu = kMtu;
    (void)host.connect(world.now(), kAlice, kVip, client.get(), config);
  });
  const Instant began = world.now();
  const bool done = world.run_while(
      [&] {
        if (strikes && !struck) {
          struck = true;
          doom.strike();
        }
        if (struck) doom.follow();
        return !client->closed();
      },
      began + kLimit);
  outcome.broken = watch.broken();
  if (story)
    for (const std::string& notice : world.notices()) *story << notice << "\n";
  outcome.events = world.event_count() - first;
  outcome.emitted = watch.emitted();
  if (!done) outcome.broken.push_back("I9 the client waits for ever");
  if (client->wrong()) outcome.broken.push_back("I6 the client got other bytes");
  const std::uint64_t expected = crash.traffic == Traffic::upload ? 1 : kSize;
  if (done && client->got() != expected)
    outcome.broken.push_back("I6 the client got too few bytes");
  return outcome;
}

std::string to_string(const Case& crash) {
  static constexpr std::string_view kTraffic[] = {"echo", "download", "upload"};
  static constexpr std::string_view kFault[] = {"none",         "kill_active",     "lose_active",
                                                "lose_standby", "cut_replication", "freeze_active",
                                                "kill_twice",   "lose_witness"};
  std::ostringstream text;
  text << kTraffic[static_cast<std::size_t>(crash.traffic)] << " "
       << kFault[static_cast<std::size_t>(crash.fault)] << " policy "
       << static_cast<int>(crash.policy) << " seed " << crash.seed << " loss " << crash.loss
       << (crash.mirror ? " mirror" : "") << " after event " << crash.after;
  return text.str();
}

}  // namespace poise::tcp::testing
