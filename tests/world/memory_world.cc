// The hosts and the datagrams of the world in memory.
#include "tests/world/memory_world.h"

#include <memory>

#include "model/balancer/snapshot_merge.h"

#include <algorithm>
#include <array>
#include <utility>

#include "model/hash.h"
#include "model/wire/datagram.h"

namespace poise::memory {

namespace {
constexpr std::size_t kSlotSize = kPacketMemory;
}  // namespace

// The world as one machine sees it.
struct MemoryWorld::BalancerPorter : Porter {
  MemoryWorld& world;
  std::size_t balancer;
  BalancerPorter(MemoryWorld& in, std::size_t of) : world(in), balancer(of) {}

  void transmit(const Packet& packet) override {
    world.route(packet.bytes(), world.balancers_[balancer].is_cut_off);
  }
  void send(const Message& message) override {
    const std::size_t stream = world.balancer_stream(balancer, message.peer);
    if (stream == world.streams_.size()) return;  // it broke before the answer was ready
    if (message.kind == Message::Kind::bytes) world.say(stream, agent_side, message.bytes);
    if (message.kind == Message::Kind::close) world.hang_up(stream, balancer_side);
    POISE_CHECK(message.kind != Message::Kind::open);
  }
  void notice(const Notice& notice) override {
    world.observer_.noticed(world.balancers_[balancer].name, notice);
  }
  void wake_at(Instant at) override { world.wake_balancer(balancer, at); }
};

struct MemoryWorld::AgentPorter : Porter {
  MemoryWorld& world;
  std::size_t agent;
  AgentPorter(MemoryWorld& in, std::size_t of) : world(in), agent(of) {}

  void transmit(const Packet& packet) override {
    world.route(packet.bytes(), world.agents_[agent].is_cut_off);
  }
  void send(const Message& message) override {
    if (message.kind == Message::Kind::open) return world.open_stream(agent, message.peer);
    const std::size_t stream = world.agent_stream(agent, message.peer);
    if (stream == world.streams_.size()) return;
    if (message.kind == Message::Kind::bytes) world.say(stream, balancer_side, message.bytes);
    if (message.kind == Message::Kind::close) world.hang_up(stream, agent_side);
  }
  void notice(const Notice& notice) override {
    world.observer_.noticed(world.agents_[agent].name, notice);
  }
  void wake_at(Instant at) override { world.wake_agent(agent, at); }
};

MemoryWorld::MemoryWorld(std::uint64_t seed, WireFaults faults, Observer& observer,
                         std::unique_ptr<Seats> seats)
    : rng_(seed, 1), faults_(faults), observer_(observer), seats_(std::move(seats)) {}

std::size_t MemoryWorld::add_balancer(BalancerConfig config, policy::Config policy) {
  Host<Balancer>& host = balancers_.emplace_back();
  estates_.emplace_back();
  host.name = config.name;
  host.address = config.address;
  balancer_configs_.push_back(std::move(config));
  policies_.push_back(std::move(policy));
  return balancers_.size() - 1;
}

std::size_t MemoryWorld::add_agent(AgentConfig config) {
  Host<Agent>& host = agents_.emplace_back();
  host.name = config.name;
  host.address = config.address;
  agent_configs_.push_back(std::move(config));
  return agents_.size() - 1;
}

void MemoryWorld::start_balancer(std::size_t balancer) {
  Host<Balancer>& host = balancers_[balancer];
  POISE_CHECK(host.machine == nullptr);
  open_balancer(balancer);
}

void MemoryWorld::open_balancer(std::size_t balancer) {
  Host<Balancer>& host = balancers_[balancer];
  ++host.life;
  const BalancerConfig& config = balancer_configs_[balancer];
  host.seat = seats_->seat(std::make_unique<Balancer>(config, policy::make(policies_[balancer]),
                                                      estates_[balancer].lend(config, host.life)),
                           config, open_record(host, RecordedMachine::balancer));
  host.machine = &host.seat->machine();
  estates_[balancer].write(now(), *host.machine);
}

void MemoryWorld::restart_balancer(std::size_t balancer) {
  const Bytes inheritance = estates_[balancer].read(now());
  kill_balancer(balancer, Death::hangs_up);
  open_balancer(balancer);
  balancers_[balancer].seat->act([&](Recorded<Balancer>& machine) {
    POISE_CHECK(machine.on_restore(now(), inheritance) == RestoreOutcome::restored);
  });
  settle_balancer(balancer);
}

LentMemory Estate::lend(const BalancerConfig& config, std::uint64_t life) {
  const std::size_t size = Balancer::memory_size(config);
  memory_.resize(size + 64);
  void* at = memory_.data();
  std::size_t room = memory_.size();
  region_ = {static_cast<std::byte*>(std::align(64, size, at, room)), size};
  version = ~std::uint64_t{0};
  return {region_, life};
}

void Estate::write(Instant now, const Balancer& balancer) {
  if (version == balancer.membership_version()) return;
  version = balancer.membership_version();
  membership = balancer.membership_snapshot(now);
}

Bytes Estate::read(Instant now) const {
  const std::span<const std::byte> region = region_;
  return merge_snapshot(now, membership, {&region, 1}).bytes;
}

void MemoryWorld::start_agent(std::size_t agent) {
  Host<Agent>& host = agents_[agent];
  POISE_CHECK(host.machine == nullptr);
  ++host.life;
  const AgentConfig& config = agent_configs_[agent];
  host.seat = seats_->seat(std::make_unique<Agent>(config), config,
                           open_record(host, RecordedMachine::agent));
  host.machine = &host.seat->machine();
  host.seat->act([&](Recorded<Agent>& machine) { machine.start(now()); });
  settle_agent(agent);
}

void MemoryWorld::kill_balancer(std::size_t balancer, Death death) {
  Host<Balancer>& host = balancers_[balancer];
  if (death == Death::hangs_up)
    for (std::size_t i = 0; i < streams_.size(); ++i)
      if (streams_[i].balancer == balancer && is_alive(streams_[i], balancer_side))
        hang_up(i, balancer_side);
  leave(host);
}

void MemoryWorld::kill_agent(std::size_t agent, Death death) {
  Host<Agent>& host = agents_[agent];
  if (death == Death::hangs_up)
    for (std::size_t i = 0; i < streams_.size(); ++i)
      if (streams_[i].agent == agent && is_alive(streams_[i], agent_side)) hang_up(i, agent_side);
  leave(host);
}

template <class M>
void MemoryWorld::leave(Host<M>& host) {
  host.machine = nullptr;
  host.seat.reset();
  host.wake = kNever;
}

template <class M>
RecordWriter* MemoryWorld::open_record(Host<M>& host, RecordedMachine machine) {
  host.record.clear();
  host.writer.reset();
  if (keeps_records_) {
    const auto sink = [&record = host.record](std::span<const std::uint8_t> bytes) {
      record.insert(record.end(), bytes.begin(), bytes.end());
    };
    host.writer = std::make_unique<RecordWriter>(sink, machine, 0);
  }
  return host.writer.get();
}

ReplayReport MemoryWorld::replay_balancer(std::size_t balancer) {
  balancers_[balancer].seat->act([](Recorded<Balancer>& machine) { machine.finish(); });
  Balancer fresh(balancer_configs_[balancer], policy::make(policies_[balancer]));
  return replay(balancers_[balancer].record, fresh);
}

ReplayReport MemoryWorld::replay_agent(std::size_t agent) {
  agents_[agent].seat->act([](Recorded<Agent>& machine) { machine.finish(); });
  Agent fresh(agent_configs_[agent]);
  return replay(agents_[agent].record, fresh);
}

// --- datagrams -----------------------------------------------------------------------------------

Duration MemoryWorld::draw_delay() {
  const auto spread = static_cast<std::uint64_t>((faults_.delay_max - faults_.delay_min).count());
  return faults_.delay_min + Duration{static_cast<std::int64_t>(spread ? rng_.below(spread) : 0)};
}

void MemoryWorld::fly(Bytes bytes, std::function<void(Bytes)> arrive) {
  if (faults_.loss > 0 && rng_.uniform() < faults_.loss) return;
  if (faults_.duplicate > 0 && rng_.uniform() < faults_.duplicate)
    calendar_.enter(now() + draw_delay(), [bytes, arrive] { arrive(bytes); });
  calendar_.enter(now() + draw_delay(),
                  [bytes = std::move(bytes), arrive = std::move(arrive)]() mutable {
                    arrive(std::move(bytes));
                  });
}

void MemoryWorld::send_to_balancer(std::size_t balancer, Bytes bytes) {
  fly(std::move(bytes), [this, balancer](const Bytes& b) { arrive_at_balancer(balancer, b); });
}

void MemoryWorld::send_to_agent(std::size_t agent, Bytes bytes) {
  fly(std::move(bytes), [this, agent](const Bytes& b) { arrive_at_agent(agent, b); });
}

// By the outer destination: to an agent's host, to a balancer, or out to the clients.
void MemoryWorld::route(std::span<const std::uint8_t> bytes, bool cut_off) {
  wire::Datagram datagram;
  POISE_CHECK(wire::parse(bytes, datagram) == wire::Malformed::none);
  if (cut_off) return;
  if (const std::optional<std::size_t> agent = agent_at(datagram.destination))
    return send_to_agent(*agent, Bytes(bytes.begin(), bytes.end()));
  for (std::size_t i = 0; i < balancers_.size(); ++i)
    if (balancers_[i].address == datagram.destination)
      return send_to_balancer(i, Bytes(bytes.begin(), bytes.end()));
  observer_.left(bytes);
}

std::optional<std::size_t> MemoryWorld::agent_at(const Address& address) const {
  for (std::size_t i = 0; i < agents_.size(); ++i)
    if (agents_[i].address == address) return i;
  return std::nullopt;
}

Packet MemoryWorld::lend(std::span<const std::uint8_t> bytes, std::size_t slot) {
  if (memory_.size() < (slot + 1) * kSlotSize) memory_.resize((slot + 1) * kSlotSize);
  const std::span<std::uint8_t> room = std::span(memory_).subspan(slot * kSlotSize, kSlotSize);
  std::ranges::copy(bytes, room.begin() + kHeadroom);
  return Packet(room, kHeadroom, bytes.size());
}

void MemoryWorld::arrive_at_balancer(std::size_t balancer, const Bytes& bytes) {
  Host<Balancer>& host = balancers_[balancer];
  if (host.machine == nullptr || host.is_cut_off) return;
  Packet packet = lend(bytes);
  const Verdict verdict = host.seat->on_packet(now(), packet);
  const Bytes after(packet.bytes().begin(), packet.bytes().end());
  observer_.balanced(balancer, bytes, verdict, after);
  if (verdict == Verdict::forward) route(after, host.is_cut_off);
  settle_balancer(balancer);
}

void MemoryWorld::burst(std::size_t balancer, std::vector<Bytes> datagrams) {
  Host<Balancer>& host = balancers_[balancer];
  POISE_CHECK(datagrams.size() <= kBurst);
  if (host.machine == nullptr || host.is_cut_off) return;
  if (keeps_records_) {  // a record knows single packets, each drained before the next
    for (const Bytes& datagram : datagrams) arrive_at_balancer(balancer, datagram);
    return;
  }
  if (memory_.size() < datagrams.size() * kSlotSize) memory_.resize(datagrams.size() * kSlotSize);
  std::vector<Packet> packets;
  for (std::size_t i = 0; i < datagrams.size(); ++i) packets.push_back(lend(datagrams[i], i));
  std::vector<Verdict> verdicts(packets.size());
  host.machine->on_burst(now(), packets, verdicts);
  std::vector<Bytes> after;
  for (const Packet& packet : packets)
    after.emplace_back(packet.bytes().begin(), packet.bytes().end());
  observer_.burst_balanced(balancer, datagrams, verdicts, after);
  for (std::size_t i = 0; i < after.size(); ++i)
    if (verdicts[i] == Verdict::forward) route(after[i], false);
  settle_balancer(balancer);
}

void MemoryWorld::arrive_at_agent(std::size_t agent, const Bytes& bytes) {
  Host<Agent>& host = agents_[agent];
  if (host.machine == nullptr || host.is_cut_off) return;
  Packet packet = lend(bytes);
  const Verdict verdict = host.seat->on_packet(now(), packet);
  const Bytes after(packet.bytes().begin(), packet.bytes().end());
  observer_.received(agent, bytes, verdict, after);
  settle_agent(agent);
}

void MemoryWorld::reply(std::size_t agent, Bytes bytes) {
  Host<Agent>& host = agents_[agent];
  if (host.machine == nullptr) return;
  Packet packet = lend(bytes);
  const Verdict verdict = host.seat->on_egress(now(), packet);
  const Bytes after(packet.bytes().begin(), packet.bytes().end());
  if (verdict != Verdict::drop && !host.is_cut_off) observer_.left(after);
  settle_agent(agent);
}

// --- machines ------------------------------------------------------------------------------------

std::optional<CommandResult> MemoryWorld::order_balancer(std::size_t balancer,
                                                         const Command& command) {
  Host<Balancer>& host = balancers_[balancer];
  if (host.machine == nullptr) return std::nullopt;
  CommandResult result{};
  host.seat->act([&](Recorded<Balancer>& machine) { result = machine.on_command(now(), command); });
  settle_balancer(balancer);
  return result;
}

std::optional<CommandResult> MemoryWorld::order_agent(std::size_t agent, const Command& command) {
  Host<Agent>& host = agents_[agent];
  if (host.machine == nullptr) return std::nullopt;
  CommandResult result{};
  host.seat->act([&](Recorded<Agent>& machine) { result = machine.on_command(now(), command); });
  settle_agent(agent);
  return result;
}

void MemoryWorld::announce(std::size_t agent, const ReplicaStatus& status) {
  Host<Agent>& host = agents_[agent];
  if (host.machine == nullptr) return;
  host.seat->act([&](Recorded<Agent>& machine) { machine.on_replica(now(), status); });
  settle_agent(agent);
}

void MemoryWorld::settle_balancer(std::size_t balancer) {
  BalancerPorter porter{*this, balancer};
  balancers_[balancer].seat->settle(porter);
  estates_[balancer].write(now(), *balancers_[balancer].machine);
  observer_.balancer_settled(balancer);
}

void MemoryWorld::settle_agent(std::size_t agent) {
  AgentPorter porter{*this, agent};
  agents_[agent].seat->settle(porter);
  observer_.agent_settled(agent);
}

// A deadline that is due at once would be asked for for ever.
Instant MemoryWorld::in_future(const std::string& machine, Instant deadline) {
  if (deadline > now()) return deadline;
  observer_.overdue(machine);
  return now() + Duration{1};
}

void MemoryWorld::wake_balancer(std::size_t balancer, Instant at) {
  Host<Balancer>& host = balancers_[balancer];
  if (host.wake == at) return;  // asked for already, and perhaps due at this very instant
  at = in_future(host.name, at);
  host.wake = at;
  if (at == kNever) return;
  calendar_.enter(at, [this, balancer, at, life = host.life] {
    Host<Balancer>& sleeper = balancers_[balancer];
    if (sleeper.machine == nullptr || sleeper.life != life || sleeper.wake != at) return;
    sleeper.wake = kNever;
    sleeper.seat->act([&](Recorded<Balancer>& machine) { machine.on_timer(now()); });
    settle_balancer(balancer);
  });
}

void MemoryWorld::wake_agent(std::size_t agent, Instant at) {
  Host<Agent>& host = agents_[agent];
  if (host.wake == at) return;  // asked for already, and perhaps due at this very instant
  at = in_future(host.name, at);
  host.wake = at;
  if (at == kNever) return;
  calendar_.enter(at, [this, agent, at, life = host.life] {
    Host<Agent>& sleeper = agents_[agent];
    if (sleeper.machine == nullptr || sleeper.life != life || sleeper.wake != at) return;
    sleeper.wake = kNever;
    sleeper.seat->act([&](Recorded<Agent>& machine) { machine.on_timer(now()); });
    settle_agent(agent);
  });
}

std::uint64_t MemoryWorld::digest() const {
  Digest digest;
  for (const Host<Balancer>& host : balancers_)
    digest.add(host.life).add(host.machine ? host.machine->digest() : 0);
  for (const Host<Agent>& host : agents_)
    digest.add(host.life).add(host.machine ? host.machine->digest() : 0);
  return digest.value();
}

}  // namespace poise::memory
