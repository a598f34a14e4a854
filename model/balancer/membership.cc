// The members behind the peers: proving, draining, losing and forgetting backends as time passes.
#include <algorithm>

#include "model/balancer/data_path.h"
#include "model/balancer/registrar.h"
#include "model/hash.h"

namespace poise {
namespace {

// How often a drain looks whether its last flow has ended.
constexpr Duration kDrainPoll = std::chrono::milliseconds{50};

}  // namespace

void Registrar::prove(Instant now, Peer& peer) {
  // What keeps its flows meanwhile is watched: they must not outlive their host for long.
  if (!keeps_old_flows(backends_[peer.backend.index].state)) health_.forget(peer.backend.index);
  peer.nonce.clear();
  for (int i = 0; i < 16; ++i) peer.nonce += static_cast<char>('A' + rng_.below(26));
  peer.deadline = now + config_.register_timeout;
  send_probe(now, peer);
}

void Registrar::send_probe(Instant now, Peer& peer) {
  data_path_.probe(*backends_.find(peer.backend), "SANITY " + peer.nonce);
  peer.probe = now + config_.probe_interval;
}

CommandResult Registrar::on_command(Instant now, const Command& command) {
  const Backend* backend = backends_.find(command.backend);
  if (!backend) return CommandResult::unknown;
  const CommandResult result = obey(now, backend->ref, command);
  pairs_.settle(now);
  reap();
  return result;
}

CommandResult Registrar::obey(Instant now, BackendRef ref, const Command& command) {
  switch (command.kind) {
    case Command::Kind::drain:
      return pause(now, ref, false) ? CommandResult::done : CommandResult::refused;
    case Command::Kind::pause:
      return pause(now, ref, true) ? CommandResult::done : CommandResult::refused;
    case Command::Kind::resume:
      return resume(now, ref) ? CommandResult::done : CommandResult::refused;
    case Command::Kind::deregister:
      break;
  }
  for (const BackendRef replica : pairs_.replicas(ref))
    if (replica)
      static_cast<void>(obey(now, replica, {command.kind, backends_.find(replica)->name}));
  tell("deregistered", command.backend, "operator");
  if (const auto peer = peer_of(ref); peer != peers_.end()) {
    say(peer->first, "DEREGISTERED " + command.backend + " operator requested deregistration");
    hang_up(peer->first, peer->second);
  }
  remove(ref);
  return CommandResult::done;
}

// An orphan drains already, but only until its agent is back: now it is so because it was ordered.
// A replica that the packets of its pair go to is not paused: its pair is, or moved first.
bool Registrar::pause(Instant now, BackendRef backend, bool at_once) {
  if (pairs_.is_active(backend)) return false;
  const bool has_flows = config_.tracking && !at_once && config_.drain_timeout > Duration::zero();
  const auto applied =
      backends_.apply(now, backend, has_flows ? BackendSign::drain : BackendSign::pause);
  Member& member = members_[backend.index];
  if (!applied.allowed && !(has_flows && member.orphan)) return false;
  ++changes_;
  member.orphan = false;
  member.drain_until = has_flows ? now + config_.drain_timeout : kNever;
  if (has_flows) drain_poll_ = now;
  tell(has_flows ? "draining" : "paused", backends_.find(backend)->name);
  return true;
}

// Only with a stream, and with its data path proved since that stream came.
bool Registrar::resume(Instant now, BackendRef backend) {
  const auto peer = peer_of(backend);
  const bool is_proved = peer != peers_.end() && peer->second.nonce.empty();
  if (!is_proved && !pairs_.serves(backend)) return false;
  if (!backends_.apply(now, backend, BackendSign::resume).allowed) return false;
  members_[backend.index].drain_until = kNever;
  const Backend& back = *backends_.find(backend);
  tell(back.kind == BackendKind::replica ? "ready" : "resumed", back.name);
  return true;
}

// The stream closed but the host may live: no new flows, and the old ones stay until the silence
// has lasted as long as it may.
void Registrar::orphan(Instant now, BackendRef ref) {
  const Backend& backend = *backends_.find(ref);
  counters_.add(Count::streams_lost);
  ++changes_;
  if (backend.state == BackendState::down) {
    members_[ref.index].forget_at = now + config_.forget_timeout;
    return;
  }
  if (backend.state == BackendState::registering) {
    tell("deregistered", backend.name, "stream closed before its data path was proved");
    return remove(ref);
  }
  tell("orphaned", backend.name, "stream closed");
  if (!health_.watches(ref.index)) health_.watch(now, ref.index);
  if (backend.state != BackendState::active) return;  // paused and draining: on as they are
  static_cast<void>(backends_.apply(now, ref, BackendSign::drain));
  members_[ref.index].orphan = true;
}

void Registrar::lose(Instant now, BackendRef ref, std::string_view why) {
  const std::string name = backends_.find(ref)->name;
  counters_.add(Count::backends_lost);
  tell("down", name, std::string(why));
  health_.forget(ref.index);
  if (const auto peer = peer_of(ref); peer != peers_.end()) {
    say(peer->first, "DEREGISTERED " + name + " health check timeout ran out");
    hang_up(peer->first, peer->second);
  }
  static_cast<void>(backends_.apply(now, ref, BackendSign::lost));
  members_[ref.index] = {.forget_at = now + config_.forget_timeout};
}

void Registrar::remove(BackendRef backend) {
  health_.forget(backend.index);
  members_.erase(backend.index);
  pairs_.forget(backend);
  data_path_.forget(backend);
  backends_.remove(backend);
}

std::map<PeerId, Registrar::Peer>::iterator Registrar::peer_of(BackendRef backend) {
  return std::find_if(peers_.begin(), peers_.end(),
                      [&](const auto& entry) { return entry.second.backend == backend; });
}

void Registrar::give_up_on(Instant now, PeerId id, Peer& peer) {
  const BackendRef backend = peer.backend;
  hang_up(id, peer);
  if (!backend) return;
  if (backends_.find(backend)->state == BackendState::registering) {
    counters_.add(Count::registrations_failed);
    tell("failed", backends_.find(backend)->name, "data path not proved");
    remove(backend);
  } else {
    orphan(now, backend);
  }
}

// Why a peer whose deadline passed is hung up on.
void Registrar::say_why(PeerId id, const Peer& peer) {
  if (!peer.backend) return;  // it never spoke
  const Backend& backend = *backends_.find(peer.backend);
  if (backend.state == BackendState::down)
    say(id, "DEREGISTERED " + backend.name + " health check timeout ran out");
  else
    invalid(id, "error while trying to read sanity check");
}

void Registrar::finish_drains(Instant now) {
  drain_poll_ = now;
  for (auto& [index, member] : members_) {
    if (member.drain_until == kNever) continue;
    const Backend& backend = backends_[index];
    const std::uint64_t flows = flow_count(index);
    if (flows != 0 && now < member.drain_until) continue;
    member.drain_until = kNever;
    if (!backends_.apply(now, backend.ref, BackendSign::drained).allowed) continue;
    tell("paused", backend.name, flows == 0 ? "drained" : std::to_string(flows) + " flows left");
  }
}

std::uint64_t Registrar::flow_count(BackendIndex backend) const {
  if (!told_) return data_path_.flows().flow_counts()[backend];
  const auto told = std::ranges::find(*told_, backend, &FlowCount::backend);
  return told == told_->end() ? 0 : told->count;
}

bool Registrar::drains() const {
  return std::ranges::any_of(
      members_, [](const auto& member) { return member.second.drain_until != kNever; });
}

void Registrar::on_timer(Instant now) {
  for (auto& [id, peer] : peers_) {
    if (peer.deadline <= now) {
      say_why(id, peer);
      give_up_on(now, id, peer);
    } else if (peer.probe <= now) {
      send_probe(now, peer);
    }
  }
  while (const std::optional<BackendIndex> silent = health_.next_silent(now))
    lose(now, backends_[*silent].ref, "silence");
  finish_drains(now);
  for (auto it = members_.begin(); it != members_.end();) {
    const auto current = it++;
    if (current->second.forget_at > now) continue;
    const BackendRef ref = backends_[current->first].ref;
    tell("forgotten", backends_[current->first].name);
    remove(ref);
  }
  while (const std::optional<BackendRef> pair = pairs_.next_forgotten(now)) {
    tell("forgotten", backends_.find(*pair)->name);
    remove(*pair);
  }
  pairs_.settle(now);
  reap();
}

Instant Registrar::next_deadline() const {
  Instant next = std::min(health_.next_deadline(), pairs_.next_deadline());
  for (const auto& [id, peer] : peers_) next = std::min({next, peer.deadline, peer.probe});
  for (const auto& [index, member] : members_) {
    next = std::min(next, member.forget_at);
    if (member.drain_until != kNever)
      next = std::min(next, std::min(member.drain_until, drain_poll_ + kDrainPoll));
  }
  return next;
}

std::uint64_t Registrar::digest() const {
  Digest digest;
  digest.add(rng_.digest()).add(health_.digest()).add(to_ns(drain_poll_));
  for (const auto& [id, peer] : peers_)
    digest.add(id)
        .add(peer.line.digest())
        .add(peer.backend.index)
        .add(peer.backend.generation)
        .add(peer.nonce)
        .add(to_ns(peer.deadline))
        .add(to_ns(peer.probe))
        .add(peer.is_replica)
        .add(peer.announced ? replica_line(*peer.announced) : std::string())
        .add(peer.closing);
  for (const auto& [index, member] : members_)
    digest.add(index)
        .add(to_ns(member.drain_until))
        .add(to_ns(member.forget_at))
        .add(member.orphan);
  if (told_)
    for (const FlowCount& flows : *told_) digest.add(flows.backend).add(flows.count);
  digest.add(pairs_.digest());
  return digest.value();
}

}  // namespace poise
