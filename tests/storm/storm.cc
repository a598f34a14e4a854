// Clients, faults, operators and strangers of a storm, and the calm after it.
#include "tests/storm/storm.h"

#include <algorithm>
#include <string>
#include <utility>

#include "model/wire/build.h"
#include "model/wire/icmp.h"
#include "tests/storm/watch.h"
#include "tests/storm/weather.h"
#include "tests/world/memory_world.h"

namespace poise::storm {
namespace {

using memory::Bytes;
using memory::Death;

constexpr std::uint64_t kChaosStream = 11;

class Chaos {
 public:
  Chaos(const Weather& weather, Watch& watch)
      : weather_(weather),
        watch_(watch),
        rng_(weather.seed, kChaosStream),
        world_(weather.seed, weather.wires, watch) {
    watch.look_at(world_);
    if (weather.is_recorded) world_.keep_records();
  }

  void run();
  std::uint64_t digest() const { return world_.digest(); }

 private:
  void begin();
  void send_something();
  void do_something();
  void strike_agent();
  void strike_balancer();
  void restart(std::size_t balancer);
  void give_an_order();
  void hear_of_a_server();
  void promote(std::uint8_t index);
  void bring_a_stranger();
  void calm_down();
  void check_all_is_well();
  void check_replays();

  Bytes draw_datagram(const Endpoint& client);
  Bytes draw_rubbish(Bytes bytes);
  std::size_t any_balancer() { return rng_.below(weather_.balancers.size()); }
  std::size_t any_agent() { return rng_.below(weather_.agents.size()); }
  Death any_death() { return rng_.below(2) == 0 ? Death::hangs_up : Death::silent; }
  void start_balancer(std::size_t balancer);
  Instant after(Duration mean) {
    return world_.now() + from_seconds(rng_.exponential(to_seconds(mean))) + Duration{1};
  }

  const Weather& weather_;
  Watch& watch_;
  Rng rng_;
  memory::MemoryWorld world_;
  std::uint64_t epoch_ = 0;                     // the newest that was granted, to one replica each
  std::vector<std::uint64_t> held_[kPairSize];  // and by whom
};

void Chaos::run() {
  begin();
  Instant next_packet = after(weather_.packet_interval);
  Instant next_fault = after(weather_.fault_interval);
  while (world_.now() < Instant{weather_.duration}) {
    world_.run_until(std::min(next_packet, next_fault));
    if (next_packet <= world_.now()) {
      send_something();
      next_packet = after(weather_.packet_interval);
    } else {
      do_something();
      next_fault = after(weather_.fault_interval);
    }
  }
  calm_down();
  check_all_is_well();
  if (weather_.is_recorded) check_replays();
}

void Chaos::begin() {
  for (const BalancerConfig& config : weather_.balancers)
    start_balancer(world_.add_balancer(config, weather_.policy));
  for (const AgentConfig& config : weather_.agents) {
    const std::size_t agent = world_.add_agent(config);
    if (rng_.below(4) != 0) world_.start_agent(agent);
  }
}

void Chaos::start_balancer(std::size_t balancer) {
  watch_.balancer_started(balancer);
  world_.start_balancer(balancer);
}

// --- clients -------------------------------------------------------------------------------------

void Chaos::send_something() {
  const std::size_t which = rng_.below(weather_.clients.size());
  // Flows have a home, and leave it now and then as if routes had changed.
  const std::size_t home = which % weather_.balancers.size();
  const std::size_t balancer = rng_.below(8) == 0 ? any_balancer() : home;
  if (rng_.below(10) == 0) {
    std::vector<Bytes> burst;
    for (std::uint64_t i = rng_.below(12); i-- > 0;)
      burst.push_back(draw_datagram(weather_.clients[rng_.below(weather_.clients.size())]));
    return world_.burst(balancer, std::move(burst));
  }
  world_.send_to_balancer(balancer, draw_datagram(weather_.clients[which]));
}

Bytes Chaos::draw_datagram(const Endpoint& client) {
  const Endpoint vip{weather_.vip.address,
                     weather_.vip.port ? weather_.vip.port : std::uint16_t{443}};
  const std::uint64_t size = rng_.below(6) == 0 ? rng_.below(1480) : rng_.below(64);
  const Bytes payload(size);
  wire::IpFields ip;
  ip.dont_fragment = rng_.below(4) != 0;
  ip.id = static_cast<std::uint16_t>(rng_.next());
  Bytes bytes;
  if (weather_.vip.protocol == wire::protocol::kUdp) {
    bytes = wire::build(
        wire::UdpDatagram{.source = client, .destination = vip, .payload = payload, .ip = ip});
  } else {
    wire::TcpSegment segment{.source = client, .destination = vip, .payload = payload, .ip = ip};
    const std::uint64_t kind = rng_.below(20);
    segment.flags = kind < 3    ? wire::tcp_flag::kSyn
                    : kind == 3 ? wire::tcp_flag::kFin | wire::tcp_flag::kAck
                    : kind == 4 ? wire::tcp_flag::kRst
                                : wire::tcp_flag::kAck;
    if (kind < 2) segment.mss = 1460;
    bytes = wire::build(segment);
  }
  return rng_.below(12) == 0 ? draw_rubbish(std::move(bytes)) : bytes;
}

// Fragments, errors about replies, damaged bytes, and what is not for us.
Bytes Chaos::draw_rubbish(Bytes bytes) {
  wire::Datagram datagram;
  POISE_CHECK(wire::parse(bytes, datagram) == wire::Malformed::none);
  switch (rng_.below(5)) {
    case 0: {
      const std::vector<Bytes> pieces =
          wire::fragment(bytes, 280, static_cast<std::uint32_t>(rng_.below(8)));
      return pieces[rng_.below(pieces.size())];
    }
    case 1: {
      const Bytes reply =
          wire::build(wire::TcpSegment{.source = {datagram.destination, datagram.destination_port},
                                       .destination = {datagram.source, datagram.source_port}});
      wire::Datagram quoted;
      POISE_CHECK(wire::parse(reply, quoted) == wire::Malformed::none);
      Bytes error(wire::kIcmpErrorMax);
      error.resize(wire::build_icmp_error(wire::IcmpError::packet_too_big, reply, quoted,
                                          datagram.source, 1280, error));
      return error;
    }
    case 2:
      bytes.resize(rng_.below(bytes.size() + 1));
      return bytes;
    case 3:
      bytes[rng_.below(bytes.size())] ^= static_cast<std::uint8_t>(1 + rng_.below(255));
      return bytes;
    default:
      return wire::build(
          wire::IcmpEcho{.source = datagram.source, .destination = datagram.destination});
  }
}

// --- faults --------------------------------------------------------------------------------------

void Chaos::do_something() {
  if (weather_.has_pair && rng_.below(3) == 0) return hear_of_a_server();
  switch (rng_.below(10)) {
    case 0:
    case 1:
    case 2:
      return strike_agent();
    case 3:
      return strike_balancer();
    case 4:
    case 5:
    case 6:
      return give_an_order();
    case 7:
    case 8:
      return bring_a_stranger();
    default:
      world_.set_faults(rng_.below(2) == 0 ? memory::WireFaults{} : weather_.wires);
  }
}

void Chaos::strike_agent() {
  const std::size_t agent = any_agent();
  const auto& host = world_.agents()[agent];
  watch_.note("strikes " + host.name);
  if (host.machine == nullptr)
    world_.start_agent(agent);
  else if (host.is_cut_off || rng_.below(2) == 0)
    world_.set_cut_off_agent(agent, !host.is_cut_off);
  else
    world_.kill_agent(agent, any_death());
}

void Chaos::strike_balancer() {
  const std::size_t balancer = any_balancer();
  const auto& host = world_.balancers()[balancer];
  watch_.note("strikes " + host.name);
  if (host.machine == nullptr)
    start_balancer(balancer);
  else if (host.is_cut_off || rng_.below(3) == 0)
    world_.set_cut_off_balancer(balancer, !host.is_cut_off);
  else if (rng_.below(2) == 0)
    restart(balancer);
  else
    world_.kill_balancer(balancer, any_death());
}

// kill -9, and a daemon that goes on where the last one ended.
void Chaos::restart(std::size_t balancer) {
  watch_.note("restarts");
  watch_.balancer_restarts(balancer);
  world_.restart_balancer(balancer);
}

void Chaos::give_an_order() {
  constexpr Command::Kind kKinds[] = {Command::Kind::drain,  Command::Kind::drain,
                                      Command::Kind::pause,  Command::Kind::resume,
                                      Command::Kind::resume, Command::Kind::deregister};
  const std::size_t agent = any_agent();
  Command command{kKinds[rng_.below(std::size(kKinds))], weather_.agents[agent].name};
  if (weather_.has_pair && rng_.below(6) == 0) {
    command.backend = kPair;
    watch_.note("order: " + std::string(to_string(command.kind)) + " " + command.backend);
    world_.order_balancer(any_balancer(), command);
    return;
  }
  watch_.note("order: " + std::string(to_string(command.kind)) + " " + command.backend);
  if (rng_.below(2) == 0)
    world_.order_balancer(any_balancer(), command);
  else
    world_.order_agent(agent, command);
}

// A replica takes over, stands by, or wakes up in an epoch that it held once.
void Chaos::hear_of_a_server() {
  const auto index = static_cast<std::uint8_t>(rng_.below(kPairSize));
  if (rng_.below(2) == 0) return promote(index);
  ReplicaStatus status{.pair = kPair, .index = index, .epoch = rng_.below(epoch_ + 1)};
  if (rng_.below(2) == 0 && !held_[index].empty()) {
    status.epoch = held_[index][rng_.below(held_[index].size())];
    status.active = true;
  }
  watch_.note("server: " + replica_line(status));
  world_.announce(index, status);
}

void Chaos::promote(std::uint8_t index) {
  held_[index].push_back(++epoch_);
  const ReplicaStatus status{.pair = kPair, .index = index, .epoch = epoch_, .active = true};
  watch_.note("server: " + replica_line(status));
  watch_.granted(epoch_, index);
  world_.announce(index, status);
}

void Chaos::bring_a_stranger() {
  const std::size_t balancer = any_balancer();
  if (world_.balancers()[balancer].machine == nullptr) return;
  const PeerId peer = world_.stranger(balancer);
  const AgentConfig& agent = weather_.agents[any_agent()];
  std::string words;
  switch (rng_.below(6)) {
    case 0:
      words = "REGISTER ghost 10.99.0.1\nSANE AAAAAAAAAAAAAAAA\n";
      break;
    case 1:
      words = "REGISTER " + agent.name + " " + agent.address.to_string() + "\n";
      break;
    case 2:
      words = "REGISTER thief " + agent.address.to_string() + "\nDEREGISTER " + agent.name + "\n";
      break;
    case 3:
      words = std::string(rng_.below(2000), 'x') + "\n\n\r\n";
      break;
    case 4:
      words = "REPLICA db 0 99 active\nREGISTER ghost2 " + agent.address.to_string() +
              "\nREPLICA db 0 99 active\nPAUSE " + agent.name +
              "\nHEALTH 200\nHEALTH\nSANE\n REGISTER\nREGISTER a\n";
      break;
    default:
      for (std::uint64_t i = rng_.below(300); i-- > 0;)
        words.push_back(static_cast<char>(rng_.next()));
  }
  world_.stranger_says(balancer, peer, words);
  if (rng_.below(2) == 0) world_.stranger_leaves(balancer, peer);
}

// --- the calm after ------------------------------------------------------------------------------

// Everything is healed, everybody lives, and no order stands.
void Chaos::calm_down() {
  watch_.note("calm");
  world_.set_faults({});
  for (std::size_t i = 0; i < weather_.balancers.size(); ++i) {
    world_.set_cut_off_balancer(i, false);
    if (world_.balancers()[i].machine == nullptr) start_balancer(i);
  }
  for (std::size_t i = 0; i < weather_.agents.size(); ++i) {
    world_.set_cut_off_agent(i, false);
    if (world_.agents()[i].machine != nullptr) world_.kill_agent(i, Death::hangs_up);
  }
  world_.run_until(world_.now() + weather_.balancers[0].register_timeout +
                   weather_.balancers[0].timeout);
  for (std::size_t i = 0; i < weather_.agents.size(); ++i) world_.start_agent(i);
  if (weather_.has_pair) promote(static_cast<std::uint8_t>(weather_.seed / 2 % kPairSize));
  world_.run_until(world_.now() + weather_.calm);
  for (std::size_t i = 0; i < weather_.balancers.size(); ++i)
    for (const AgentConfig& agent : weather_.agents)
      world_.order_balancer(i, {Command::Kind::resume, agent.name});
  if (weather_.has_pair)
    for (std::size_t i = 0; i < weather_.balancers.size(); ++i)
      world_.order_balancer(i, {Command::Kind::resume, kPair});
  world_.run_until(world_.now() + std::chrono::milliseconds{200});
}

void Chaos::check_all_is_well() {
  const std::size_t wanted = weather_.agents.size() + (weather_.has_pair ? 1 : 0);
  const std::size_t expected =
      std::min<std::size_t>(wanted, weather_.balancers[0].backend_count_max);
  if (weather_.balancers[0].peer_count_max < weather_.agents.size()) return;
  for (const auto& host : world_.balancers()) {
    std::size_t active = 0;
    std::string others;
    for (const BackendIndex i : host.machine->backends().by_name()) {
      const Backend& backend = host.machine->backends()[i];
      active += backend.state == BackendState::active;
      if (backend.state != BackendState::active)
        others += " " + backend.name + " is " + std::string(to_string(backend.state));
    }
    // A table that was full may remember who is down until it forgets them.
    if (active != expected && expected == wanted)
      watch_.fail("in the calm " + host.name + " has " + std::to_string(active) + " of " +
                  std::to_string(expected) + " active:" + others);
  }
  for (const Endpoint& client : weather_.clients)  // the watch compares their choices
    for (std::size_t i = 0; i < weather_.balancers.size(); ++i)
      world_.send_to_balancer(i, draw_datagram(client));
  world_.run_until(world_.now() + std::chrono::milliseconds{1});
}

void Chaos::check_replays() {
  const auto judge = [&](const std::string& name, const ReplayReport& report) {
    if (!report.identical)
      watch_.fail("the replay of " + name + " diverges at event " +
                  std::to_string(report.diverged_at) + " of " + std::to_string(report.events) +
                  " " + report.error);
  };
  for (std::size_t i = 0; i < weather_.balancers.size(); ++i)
    judge(weather_.balancers[i].name, world_.replay_balancer(i));
  for (std::size_t i = 0; i < weather_.agents.size(); ++i)
    judge(weather_.agents[i].name, world_.replay_agent(i));
}

}  // namespace

Outcome run(std::uint64_t seed, bool talks) {
  const Weather weather = draw(seed);
  Watch watch(weather, talks);
  Chaos chaos(weather, watch);
  chaos.run();
  const std::uint64_t digest = Digest().add(watch.digest()).add(chaos.digest()).value();
  return {watch.failures(), {watch.talk().begin(), watch.talk().end()}, digest, watch.packets()};
}

}  // namespace poise::storm
