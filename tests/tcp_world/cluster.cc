// Time, streams and faults.
#include "tests/tcp_world/cluster.h"

#include <algorithm>

#include "model/check.h"

namespace poise::tcp::testing {

struct Cluster::Hands {
  Cluster& cluster;
  Node self;

  void transmit(const Packet& packet) { cluster.left(self, packet.bytes()); }
  void send(const Message& message) { cluster.send(self, message); }
  void notice(const Notice& notice) { cluster.noticed(self, notice); }
  void wake_at(Instant at) { cluster.wake_at(self, at); }
};

Cluster::Cluster(Instant begin, Duration stream_delay) : stream_delay_(stream_delay) {
  calendar_.run_until(begin);
}

bool Cluster::step(Instant limit) {
  const Instant next = calendar_.next();
  if (next > limit || next == kNever) return false;
  calendar_.run_until(next);
  return true;
}

bool Cluster::run_while(const std::function<bool()>& goes_on, Instant limit) {
  while (goes_on())
    if (!step(limit)) return false;
  return true;
}

Host* Cluster::active() {
  Host* best = nullptr;
  for (const int index : {0, 1}) {
    Host* host = replica(index);
    if (!host || (host->role() != Role::active && host->role() != Role::alone)) continue;
    if (!best || host->epoch() > best->epoch()) best = host;
  }
  return best;
}

bool Cluster::lives(Node node) const {
  if (node == Node::witness) return witness_ != nullptr;
  return seats_[static_cast<std::size_t>(node)].host != nullptr;
}

void Cluster::event(Node node, const std::function<void()>& call) {
  if (before_event) before_event(event_count_);
  if (!lives(node)) return;  // it died just now
  ++event_count_;
  call();
  drain(node);
  if (after_event) after_event(event_count_ - 1);
}

void Cluster::unless_frozen(Node node, std::function<void()> call) {
  Seat& place = seat(node);
  place.frozen ? place.held.push_back(std::move(call)) : call();
}

void Cluster::drain(Node node) {
  Hands hands{*this, node};
  node == Node::witness ? poise::drain(*witness_, hands) : poise::drain(*host(node), hands);
}

void Cluster::act(Node node, const std::function<void(Host&)>& call) {
  event(node, [&] { call(*host(node)); });
}

void Cluster::wake_at(Node node, Instant at) {
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
    unless_frozen(node, [this, node] {
      event(node, [&] {
        node == Node::witness ? witness_->on_timer(now()) : host(node)->on_timer(now());
      });
    });
  });
}

void Cluster::deliver(Node to, std::vector<std::uint8_t> bytes) {
  unless_frozen(to, [this, to, datagram = std::move(bytes)]() mutable {
    event(to, [&] {
      Packet packet(datagram, 0, datagram.size());
      (void)host(to)->on_packet(now(), packet);
    });
  });
}

// --- streams ------------------------------------------------------------------------------------

Cluster::Stream& Cluster::stream_of(Node from, PeerId peer) {
  if (from == Node::witness) return stream(peer == 0 ? Link::first_witness : Link::second_witness);
  if (peer == kReplicaPeer) return stream(Link::replicas);
  return stream(from == Node::first ? Link::first_witness : Link::second_witness);
}

PeerId Cluster::peer_of(Node node, const Stream& stream) const {
  if (node == Node::witness) return stream.ends[0] == Node::first ? 0 : 1;
  return &stream == streams_.data() ? kReplicaPeer : kWitnessPeer;
}

void Cluster::send(Node from, const Message& message) {
  Stream& way = stream_of(from, message.peer);
  const std::size_t self = way.ends[0] == from ? 0 : 1;
  if (message.kind == Message::Kind::open) {
    calendar_.enter(now() + stream_delay_, [this, &way, from] { open(way, from); });
  } else if (!way.up) {
    return;
  } else if (message.kind == Message::Kind::close) {
    end(way, from);
  } else if (way.cut) {
    way.held.emplace_back(way.ends[1 - self], message.bytes);
  } else {
    arrive(way, way.ends[1 - self], message.bytes);
  }
}

void Cluster::arrive(Stream& way, Node to, std::string bytes) {
  Instant& last = way.last[way.ends[0] == to ? 0 : 1];
  last = std::max(now() + stream_delay_, last);
  calendar_.enter(last, [this, &way, to, life = way.life, text = std::move(bytes)] {
    if (!way.up || way.life != life || !lives(to)) return;
    if (way.cut) {
      way.held.emplace_back(to, text);
      return;
    }
    unless_frozen(to, [this, to, peer = peer_of(to, way), text] {
      event(to, [&] {
        const std::span said(reinterpret_cast<const std::uint8_t*>(text.data()), text.size());
        to == Node::witness ? witness_->on_message(now(), peer, said)
                            : host(to)->on_message(now(), peer, said);
      });
    });
  });
}

void Cluster::open(Stream& way, Node from) {
  const Node to = way.ends[0] == from ? way.ends[1] : way.ends[0];
  if (!lives(from)) return;
  if (!lives(to) || way.cut || way.up || seat(to).frozen) return tell(from, way, PeerEvent::down);
  way.up = true;
  ++way.life;
  way.held.clear();
  tell(to, way, PeerEvent::up);
  tell(from, way, PeerEvent::up);
}

void Cluster::tell(Node node, const Stream& way, PeerEvent what) {
  unless_frozen(node, [this, node, peer = peer_of(node, way), what] {
    event(node, [&] {
      node == Node::witness ? witness_->on_peer(now(), peer, what)
                            : host(node)->on_peer(now(), peer, what);
    });
  });
}

// Both ends hear of it, but who closed the stream.
void Cluster::end(Stream& way, std::optional<Node> silent_end) {
  if (!std::exchange(way.up, false)) return;
  ++way.life;
  way.held.clear();
  for (const Node node : way.ends) {
    if (node == silent_end) continue;
    calendar_.enter(now() + stream_delay_, [this, &way, node, life = seat(node).life] {
      if (lives(node) && seat(node).life == life) tell(node, way, PeerEvent::down);
    });
  }
}

void Cluster::hang_up(Link link) {
  end(stream(link), std::nullopt);
}

void Cluster::cut(Link link) {
  stream(link).cut = true;
}

void Cluster::heal(Link link) {
  Stream& way = stream(link);
  way.cut = false;
  for (auto& [to, bytes] : std::exchange(way.held, {})) arrive(way, to, std::move(bytes));
}

// --- lives --------------------------------------------------------------------------------------

void Cluster::boot(Node node, Role role) {
  seat(node).host = make(node, role);
  event(node, [&] { host(node)->start(now()); });
}

void Cluster::boot_witness() {
  witness_ = make_witness();
  event(Node::witness, [&] { witness_->start(now()); });
}

void Cluster::die(Node node) {
  Seat& place = seat(node);
  place.host.reset();
  if (node == Node::witness) witness_.reset();
  ++place.life;
  place.armed = kNever;
  place.frozen = false;
  place.held.clear();
}

void Cluster::crash(int index, bool silent) {
  const Node node = node_of(index);
  if (!lives(node)) return;
  die(node);
  for (Stream& way : streams_)
    if (!silent && (way.ends[0] == node || way.ends[1] == node)) end(way, std::nullopt);
}

void Cluster::restart(int index) {
  const Node node = node_of(index);
  die(node);
  for (Stream& way : streams_)  // a host's new life resets what its peers still hold
    if (way.ends[0] == node || way.ends[1] == node) end(way, std::nullopt);
  boot(node, Role::standby);
}

void Cluster::freeze(int index) {
  seat(node_of(index)).frozen = true;
}

void Cluster::thaw(int index) {
  Seat& place = seat(node_of(index));
  place.frozen = false;
  for (auto& call : std::exchange(place.held, {})) call();
}

void Cluster::crash_witness() {
  if (!witness_) return;
  die(Node::witness);
  for (const Link link : {Link::first_witness, Link::second_witness}) hang_up(link);
}

void Cluster::restart_witness() {
  boot_witness();
}

std::uint64_t Cluster::digest() const {
  Digest digest;
  digest.add(event_count_).add(to_ns(now()));
  for (const Seat& place : seats_)
    if (place.host) digest.add(place.host->digest());
  return digest.value();
}

}  // namespace poise::tcp::testing
