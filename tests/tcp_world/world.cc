// Carries datagrams and streams between machines, and wakes them.
#include "tests/tcp_world/world.h"

#include <algorithm>

namespace poise::tcp::testing {

namespace {

constexpr std::array<const char*, 4> kNames{"client", "first", "second", "witness"};

}  // namespace

World::World(WorldConfig config)
    : config_(std::move(config)),
      streams_{Stream{Node::second, Node::first}, Stream{Node::first, Node::witness},
               Stream{Node::second, Node::witness}},
      chance_(config_.seed, 77) {
  const bool replicated = config_.server.replication.role != Role::alone;
  if (replicated && config_.server.replication.witness) {
    witness_ = std::make_unique<Witness>(config_.server.replication);
    event(Node::witness, [&] { witness_->start(now()); });
  }
  seat(Node::client).host = make(Node::client, Role::alone);
  seat(Node::first).host = make(Node::first, replicated ? Role::active : Role::alone);
  if (replicated) seat(Node::second).host = make(Node::second, Role::standby);
  for (const Node node : {Node::client, Node::first, Node::second})
    if (lives(node)) event(node, [&] { seat(node).host->start(now()); });
}

std::unique_ptr<Host> World::make(Node node, Role role) {
  if (node == Node::client) return std::make_unique<Host>(config_.client);
  HostConfig config = config_.server;
  const int index = node == Node::first ? 0 : 1;
  config.name = kNames[static_cast<std::size_t>(node)];
  config.replication.role = role;
  config.replication.index = static_cast<std::uint32_t>(index);
  config.replication.opens = node == Node::second;
  if (config_.application) seat(node).application = config_.application();
  for (Listener& listener : config.listeners) listener.application = seat(node).application.get();
  return std::make_unique<Host>(std::move(config));
}

bool World::lives(Node node) const {
  if (node == Node::witness) return witness_ != nullptr;
  return nodes_[static_cast<std::size_t>(node)].host != nullptr;
}

void World::run_until(Instant until) {
  calendar_.run_until(until);
}

bool World::run_while(const std::function<bool()>& goes_on, Instant limit) {
  while (goes_on()) {
    const Instant next = calendar_.next();
    if (next > limit) return false;
    calendar_.run_until(next);
  }
  return true;
}

Host* World::active() {
  Host* best = nullptr;
  for (const int index : {0, 1}) {
    Host* host = replica(index);
    if (!host || (host->role() != Role::active && host->role() != Role::alone)) continue;
    if (!best || host->epoch() > best->epoch()) best = host;
  }
  return best;
}

void World::event(Node node, const std::function<void()>& call) {
  if (before_event) before_event(event_count_);
  if (!lives(node)) return;  // it died just now
  ++event_count_;
  call();
  drain(node);
  if (after_event) after_event(event_count_ - 1);
}

void World::drain(Node node) {
  const auto carry = [&](auto& machine) {
    while (std::optional<Packet> packet = machine.next_transmit()) transmit(node, packet->bytes());
    while (std::optional<Message> message = machine.next_message()) send(node, *message);
    while (std::optional<Notice> notice = machine.next_notice())
      notices_.push_back(std::string(kNames[static_cast<std::size_t>(node)]) + " " + notice->kind +
                         " " + notice->subject);
    wake_at(node, machine.next_deadline());
  };
  node == Node::witness ? carry(*witness_) : carry(*seat(node).host);
}

void World::act(Node node, const std::function<void(Host&)>& call) {
  event(node, [&] { call(*seat(node).host); });
}

void World::wake_at(Node node, Instant at) {
  Seat& place = seat(node);
  if (at >= place.armed || at == kNever) return;
  at = std::max(at, now());
  place.armed = at;
  calendar_.enter(at, [this, node, at, life = place.life] {
    Seat& late = seat(node);
    if (late.life != life || late.armed != at) return;
    late.armed = kNever;
    // The contract of machines: after on_timer the next deadline lies in the future.
    late.fired_count = late.fired_at == now() ? late.fired_count + 1 : 0;
    late.fired_at = now();
    POISE_CHECK(late.fired_count < 1000);
    const auto fire = [this, node] {
      event(node, [&] {
        node == Node::witness ? witness_->on_timer(now()) : seat(node).host->on_timer(now());
      });
    };
    late.frozen ? late.held.push_back(fire) : fire();
  });
}

void World::transmit(Node from, std::span<const std::uint8_t> bytes) {
  if (on_emit) on_emit(from, bytes);
  if (config_.loss > 0 && chance_.uniform() < config_.loss) return;
  std::vector<Node> to;
  if (from != Node::client) {
    to = {Node::client};
  } else if (config_.mirror) {
    to = {Node::first, Node::second};
  } else {
    // The balancer sends to whoever announced itself with the newest epoch; it knows at once.
    const Host* server = active();
    to = {server == replica(1) && server ? Node::second : Node::first};
  }
  for (const Node node : to)
    calendar_.enter(now() + config_.wire,
                    [this, node, copy = std::vector(bytes.begin(), bytes.end())]() mutable {
                      deliver(node, std::move(copy));
                    });
}

void World::deliver(Node to, std::vector<std::uint8_t> bytes) {
  Seat& place = seat(to);
  if (!place.host) return;
  auto call = [this, to, datagram = std::move(bytes)]() mutable {
    event(to, [&] {
      Packet packet(datagram, 0, datagram.size());
      (void)seat(to).host->on_packet(now(), packet);
    });
  };
  if (place.frozen)
    place.held.push_back(std::move(call));
  else
    call();
}

World::Stream* World::stream_of(Node from, PeerId peer) {
  if (peer == kReplicaPeer && from != Node::witness) return &streams_[0];
  if (from == Node::witness) return &streams_[peer == 0 ? 1 : 2];
  return &streams_[from == Node::first ? 1 : 2];
}

PeerId World::peer_of(Node node, const Stream& stream) const {
  if (node == Node::witness) return &stream == &streams_[1] ? 0 : 1;
  return &stream == &streams_[0] ? kReplicaPeer : kWitnessPeer;
}

void World::send(Node from, const Message& message) {
  if (message.kind == Message::Kind::open) return open(from, message.peer);
  Stream& stream = *stream_of(from, message.peer);
  if (!stream.up) return;
  if (message.kind == Message::Kind::close) return hang_up(stream, from);
  const Node to = stream.a == from ? stream.b : stream.a;
  if (stream.cut) {
    stream.held.emplace_back(to, message.bytes);
    return;
  }
  arrive(stream, to, message.bytes);
}

void World::arrive(Stream& stream, Node to, std::string bytes) {
  calendar_.enter(now() + config_.replication, [this, &stream, to, life = stream.life,
                                                text = std::move(bytes)] {
    if (!stream.up || stream.life != life || !lives(to)) return;
    if (stream.cut) {
      stream.held.emplace_back(to, text);
      return;
    }
    const PeerId peer = peer_of(to, stream);
    auto call = [this, to, peer, text] {
      event(to, [&] {
        const std::span view(reinterpret_cast<const std::uint8_t*>(text.data()), text.size());
        if (to == Node::witness)
          witness_->on_message(now(), peer, view);
        else
          seat(to).host->on_message(now(), peer, view);
      });
    };
    seat(to).frozen ? seat(to).held.push_back(call) : call();
  });
}

void World::open(Node from, PeerId peer) {
  Stream& stream = *stream_of(from, peer);
  const Node to = stream.a == from ? stream.b : stream.a;
  calendar_.enter(now() + config_.replication, [this, &stream, from, to] {
    if (!lives(from)) return;
    if (!lives(to) || stream.cut || stream.up || seat(to).frozen)
      return peer_event(from, stream, PeerEvent::down);
    stream.up = true;
    ++stream.life;
    stream.held.clear();
    peer_event(to, stream, PeerEvent::up);
    peer_event(from, stream, PeerEvent::up);
  });
}

void World::peer_event(Node node, const Stream& stream, PeerEvent happened) {
  const PeerId peer = peer_of(node, stream);
  auto call = [this, node, peer, happened] {
    event(node, [&] {
      if (node == Node::witness)
        witness_->on_peer(now(), peer, happened);
      else
        seat(node).host->on_peer(now(), peer, happened);
    });
  };
  seat(node).frozen ? seat(node).held.push_back(call) : call();
}

void World::hang_up(Stream& stream, std::optional<Node> except) {
  if (!stream.up) return;
  stream.up = false;
  ++stream.life;
  stream.held.clear();
  for (const Node node : {stream.a, stream.b}) {
    calendar_.enter(now() + (node == except ? Duration{} : config_.replication),
                    [this, &stream, node, life = seat(node).life] {
                      if (lives(node) && seat(node).life == life)
                        peer_event(node, stream, PeerEvent::down);
                    });
  }
}

void World::crash(int index, bool silent) {
  const Node node = index == 0 ? Node::first : Node::second;
  Seat& place = seat(node);
  if (!place.host) return;
  place.host.reset();
  ++place.life;
  place.armed = kNever;
  place.frozen = false;
  place.held.clear();
  for (Stream& stream : streams_) {
    if (stream.a != node && stream.b != node) continue;
    if (!silent) hang_up(stream, std::nullopt);
    // A dead host's peers keep their ends; a new life finds no stream.
    stream.cut = silent && stream.up;
  }
}

void World::restart(int index) {
  const Node node = index == 0 ? Node::first : Node::second;
  for (Stream& stream : streams_) {
    if (stream.a != node && stream.b != node) continue;
    stream.cut = false;
    hang_up(stream, std::nullopt);
  }
  seat(node).host = make(node, Role::standby);
  event(node, [&] { seat(node).host->start(now()); });
}

void World::freeze(int index) {
  seat(index == 0 ? Node::first : Node::second).frozen = true;
}

void World::thaw(int index) {
  Seat& place = seat(index == 0 ? Node::first : Node::second);
  place.frozen = false;
  const auto held = std::exchange(place.held, {});
  for (const auto& call : held)
    if (place.host) call();
}

void World::cut_replication(bool hangs_up) {
  if (hangs_up) hang_up(streams_[0], std::nullopt);
  streams_[0].cut = true;
}

void World::heal_replication() {
  Stream& stream = streams_[0];
  stream.cut = false;
  for (auto& [to, bytes] : std::exchange(stream.held, {})) arrive(stream, to, std::move(bytes));
}

void World::crash_witness() {
  if (!witness_) return;
  witness_.reset();
  ++seat(Node::witness).life;
  seat(Node::witness).armed = kNever;
  for (Stream& stream : streams_)
    if (stream.b == Node::witness) hang_up(stream, std::nullopt);
}

void World::restart_witness() {
  witness_ = std::make_unique<Witness>(config_.server.replication);
  event(Node::witness, [&] { witness_->start(now()); });
}

std::uint64_t World::digest() const {
  Digest digest;
  digest.add(event_count_).add(to_ns(now()));
  for (const Seat& place : nodes_)
    if (place.host) digest.add(place.host->digest());
  return digest.value();
}

}  // namespace poise::tcp::testing
