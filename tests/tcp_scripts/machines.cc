// The clock, the streams and the faults of a script.
#include "tests/tcp_scripts/machines.h"

#include <algorithm>

#include "tests/tcp_scripts/application.h"

namespace poise::tcp::script {

struct Machines::Hands {
  Machines& machines;
  std::size_t self;

  void transmit(const Packet& packet) {
    machines.observer_.left(machines.now_, self, packet.bytes());
  }
  void send(const Message& message) { machines.carry_out(self, message); }
  void notice(const Notice& notice) {
    if (notice.kind == "active" && self != kWitness) {
      const std::uint64_t epoch = scene::number(notice.subject, UINT64_MAX);
      if (epoch >= machines.serving_epoch_)
        machines.serving_epoch_ = epoch, machines.serving_ = self;
    }
    machines.observer_.noticed(machines.now_, self, notice);
  }
  void wake_at(Instant at) { machines.hosts_[self].wake_at = at; }
};

Machines::Machines(const Setup& setup, Observer& observer)
    : setup_(setup), observer_(observer), delay_(setup.replication_delay) {
  if (setup.is_pair && setup.replication.witness) {
    hosts_[kWitness].witness = std::make_unique<Witness>(setup.replication);
    hosts_[kWitness].witness->start(now_);
    drain(kWitness);
  }
  start(0, setup.is_pair ? Role::active : Role::alone);
  if (setup.is_pair) start(1, Role::standby);
  run_until(kBegin);
}

Machines::~Machines() = default;

HostConfig Machines::config_of(std::size_t index, Role role, Application* application) const {
  const Ends ends = ends_of(setup_);
  HostConfig config;
  config.name = index == 0 ? "a" : "b";
  Listener listener;
  listener.local = ends.ours;
  listener.application = application;
  listener.connection = setup_.connection;
  listener.connection.mtu = mtu_of(setup_, setup_.connection.mtu);
  config.listeners = {listener};
  config.connection_count_max = setup_.connection_count_max;
  config.chunk_count = setup_.chunk_count;
  config.half_open_count_max = setup_.half_open_count_max;
  config.held_packets_max = setup_.mirror ? 64 : 0;
  config.secret = {0x0123456789abcdef, 0xfedcba9876543210};
  if (setup_.is_pair) {
    config.replication = setup_.replication;
    config.replication.role = role;
    config.replication.index = static_cast<std::uint32_t>(index);
    config.replication.opens = index == 0;
  }
  return config;
}

void Machines::start(std::size_t index, Role role) {
  Seat& seat = hosts_[index];
  seat.application = make_application(setup_.application);
  seat.host = std::make_unique<Host>(config_of(index, role, seat.application.get()));
  seat.host->start(now_);
  drain(index);
}

void Machines::drain(std::size_t machine) {
  Hands hands{*this, machine};
  Seat& seat = hosts_[machine];
  if (seat.host) poise::drain(*seat.host, hands);
  if (seat.witness) poise::drain(*seat.witness, hands);
}

bool Machines::lives(std::size_t machine) const {
  return hosts_[machine].host || hosts_[machine].witness;
}

bool Machines::step(Instant until) {
  Instant at = events_.empty() ? kNever : events_.top().at;
  std::optional<std::size_t> waking;
  for (std::size_t i = 0; i < hosts_.size(); ++i) {
    if (!lives(i) || hosts_[i].is_paused || hosts_[i].wake_at >= at) continue;
    at = hosts_[i].wake_at;
    waking = i;
  }
  if (at > until || at == kNever) return false;
  now_ = std::max(now_, at);
  if (waking) {
    Seat& seat = hosts_[*waking];
    seat.host ? seat.host->on_timer(now_) : seat.witness->on_timer(now_);
    drain(*waking);
    if (seat.wake_at <= now_) throw Wrong("a deadline that passed stays due");
  } else {
    const auto happen = events_.top().happen;
    events_.pop();
    happen();
  }
  return true;
}

void Machines::run_until(Instant until) {
  while (step(until)) {
  }
  now_ = std::max(now_, until);
}

void Machines::after(Duration delay, std::function<void()> happen) {
  events_.push({now_ + delay, order_++, std::move(happen)});
}

void Machines::to(std::size_t machine, std::function<void()> event) {
  if (!lives(machine)) return;
  if (hosts_[machine].is_paused) {
    hosts_[machine].backlog.push_back(std::move(event));
    return;
  }
  event();
  drain(machine);
}

void Machines::deliver(std::span<const std::uint8_t> bytes) {
  for (std::size_t i = 0; i < 2; ++i) {
    if (i != serving_ && !setup_.mirror) continue;
    to(i, [this, i, copy = std::vector<std::uint8_t>(bytes.begin(), bytes.end())] {
      std::vector<std::uint8_t> memory(kPacketMemory);
      std::copy(copy.begin(), copy.end(), memory.begin() + kHeadroom);
      Packet packet(memory, kHeadroom, copy.size());
      (void)hosts_[i].host->on_packet(now_, packet);
    });
  }
}

std::size_t Machines::link_of(std::size_t machine, PeerId peer) const {
  if (machine == kWitness) return peer == 0 ? 1 : 2;
  return peer == kReplicaPeer ? 0 : machine + 1;
}

PeerId Machines::peer_of(std::size_t link, std::size_t end) const {
  if (link == 0) return kReplicaPeer;
  return end == 0 ? kWitnessPeer : static_cast<PeerId>(link - 1);
}

void Machines::carry_out(std::size_t from, const Message& message) {
  const std::size_t index = link_of(from, message.peer);
  Link& link = links_[index];
  const std::size_t self = link.ends[0] == from ? 0 : 1;
  if (message.kind == Message::Kind::open) {
    after(delay_, [this, index] { open(index); });
  } else if (message.kind == Message::Kind::close) {
    end_stream(index, 1 - self);
  } else if (link.is_up) {
    const std::size_t end = 1 - self;
    link.last[self] = std::max(now_ + delay_, link.last[self]);
    const auto arrive = [this, index, end, life = link.life, bytes = message.bytes] {
      Link& way = links_[index];
      if (way.life != life) return;
      const auto hear = [this, index, end, bytes] {
        const auto* data = reinterpret_cast<const std::uint8_t*>(bytes.data());
        Seat& seat = hosts_[links_[index].ends[end]];
        const std::span<const std::uint8_t> said(data, bytes.size());
        if (seat.host) seat.host->on_message(now_, peer_of(index, end), said);
        if (seat.witness) seat.witness->on_message(now_, peer_of(index, end), said);
      };
      const std::size_t machine = way.ends[end];
      if (way.is_cut)
        way.held.push_back([this, machine, hear] { to(machine, hear); });
      else
        to(machine, hear);
    };
    after(link.last[self] - now_, arrive);
  }
}

void Machines::open(std::size_t index) {
  Link& link = links_[index];
  if (link.is_up) return;
  if (link.is_cut) {
    link.is_asked = true;
    return;
  }
  if (!lives(link.ends[0]) || !lives(link.ends[1]))
    return tell_peer(index, lives(link.ends[0]) ? 0 : 1, PeerEvent::down);
  link.is_up = true;
  ++link.life;
  tell_peer(index, 1, PeerEvent::up);
  tell_peer(index, 0, PeerEvent::up);
}

void Machines::tell_peer(std::size_t index, std::size_t end, PeerEvent event) {
  const std::size_t machine = links_[index].ends[end];
  to(machine, [this, machine, peer = peer_of(index, end), event] {
    Seat& seat = hosts_[machine];
    if (seat.host) seat.host->on_peer(now_, peer, event);
    if (seat.witness) seat.witness->on_peer(now_, peer, event);
  });
}

void Machines::end_stream(std::size_t index, std::size_t hears) {
  Link& link = links_[index];
  if (!std::exchange(link.is_up, false)) return;
  ++link.life;
  link.held.clear();
  after(delay_, [this, index, hears] { tell_peer(index, hears, PeerEvent::down); });
}

void Machines::break_stream(std::size_t index) {
  if (!links_[index].is_up) return;
  end_stream(index, 0);
  after(delay_, [this, index] { tell_peer(index, 1, PeerEvent::down); });
}

void Machines::cut(std::size_t index) {
  links_[index].is_cut = true;
}

void Machines::heal(std::size_t index) {
  Link& link = links_[index];
  link.is_cut = false;
  const auto held = std::exchange(link.held, {});
  for (const auto& event : held) event();
  if (std::exchange(link.is_asked, false)) open(index);
}

void Machines::crash(std::size_t index, bool loudly) {
  hosts_[index] = Seat{};
  for (std::size_t link = 0; loudly && link < links_.size(); ++link)
    if (const auto other = other_end(link, index)) end_stream(link, *other);
}

std::optional<std::size_t> Machines::other_end(std::size_t link, std::size_t machine) const {
  if (links_[link].ends[0] == machine) return 1;
  if (links_[link].ends[1] == machine) return 0;
  return std::nullopt;
}

void Machines::restart(std::size_t index) {
  hosts_[index] = Seat{};
  for (std::size_t link = 0; link < links_.size(); ++link)
    if (const auto other = other_end(link, index)) end_stream(link, *other);
  start(index, Role::standby);
}

void Machines::pause(std::size_t index) {
  hosts_[index].is_paused = true;
}

void Machines::wake(std::size_t index) {
  hosts_[index].is_paused = false;
  const auto backlog = std::exchange(hosts_[index].backlog, {});
  for (const auto& event : backlog) to(index, event);
}

std::uint64_t Machines::digest() const {
  Digest digest;
  for (const Seat& seat : hosts_)
    if (seat.host) digest.add(seat.host->digest());
  return digest.add(to_ns(now_)).value();
}

}  // namespace poise::tcp::script
