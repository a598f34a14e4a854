// The lines of the control protocol: what a peer says and what it is answered.
#include "model/balancer/registrar.h"

#include <algorithm>
#include <charconv>

#include "model/balancer/data_path.h"

namespace poise {
namespace {

constexpr std::uint64_t kNonceStream = 1;  // of the balancer's seed

std::optional<std::uint32_t> parse_number(std::string_view text, std::uint32_t most) {
  std::uint32_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || value > most) return std::nullopt;
  return value;
}

std::optional<std::uint32_t> parse_weight(std::string_view option) {
  constexpr std::string_view kKey = "weight=";
  if (option.empty()) return 1;
  if (!option.starts_with(kKey)) return std::nullopt;
  const auto weight = parse_number(option.substr(kKey.size()), kBackendWeightMax);
  return weight && *weight > 0 ? weight : std::nullopt;
}

}  // namespace

Registrar::Registrar(const BalancerConfig& config, BackendSet& backends, Counters& counters,
                     DataPath& data_path)
    : config_(config),
      backends_(backends),
      counters_(counters),
      data_path_(data_path),
      rng_(config.seed, kNonceStream),
      health_(HealthRules{.timeout = config.timeout}, config.backend_count_max),
      pairs_(config, backends, counters, notices_) {}

void Registrar::on_peer(Instant now, PeerId id, PeerEvent event) {
  if (event == PeerEvent::down) {
    const auto found = peers_.find(id);
    if (found == peers_.end()) return;
    const BackendRef backend = found->second.backend;
    peers_.erase(found);
    if (backend) orphan(now, backend);
    return pairs_.settle(now);
  }
  if (peers_.size() >= config_.peer_count_max) {
    counters_.add(Count::peers_refused);
    invalid(id, "too many peers");
    messages_.push({Message::Kind::close, id, {}});
    return;
  }
  peers_[id].deadline = now + config_.register_timeout;
}

void Registrar::on_message(Instant now, PeerId id, std::span<const std::uint8_t> bytes) {
  const auto found = peers_.find(id);
  if (found == peers_.end()) return;  // refused at its arrival
  Peer& peer = found->second;
  while (!bytes.empty() && !peer.closing) {
    bytes = bytes.subspan(peer.line.take(bytes));
    if (peer.line.overflown()) {
      counters_.add(Count::lines_too_long);
      invalid(id, "line longer than " + std::to_string(kLineMax) + " bytes");
      give_up_on(now, id, peer);
    } else if (const std::optional<std::string> line = peer.line.line()) {
      counters_.add(Count::lines);
      take_line(now, id, peer, *line);
    }
  }
  pairs_.settle(now);
  reap();
}

void Registrar::take_line(Instant now, PeerId id, Peer& peer, std::string_view line) {
  const Tokens tokens = split(line);
  if (tokens.count == 0) return invalid(id, "empty line");
  const std::string_view word = tokens[0];
  if (word == "REGISTER") return take_register(now, id, peer, tokens);

  constexpr std::string_view kWords[] = {"SANE",   "HEALTH",     "PAUSE",
                                         "RESUME", "DEREGISTER", "REPLICA"};
  bool known = false;
  for (const std::string_view candidate : kWords) known = known || word == candidate;
  if (!known)
    return invalid(id, "first token of message (" + printable(word) + ") is not an option");
  if (!peer.backend) return invalid(id, printable(word) + " before REGISTER");
  if (health_.watches(peer.backend.index)) health_.on_life(now, peer.backend.index);
  // Health finds the silence of the well, the peer's deadline that of the unwell.
  if (backends_[peer.backend.index].state == BackendState::down)
    peer.deadline = now + config_.timeout;

  if (word == "SANE") return take_sane(now, id, peer, tokens[1]);
  if (word == "REPLICA") return take_replica(now, id, peer, tokens);
  if (word == "HEALTH") return take_health(now, id, peer, tokens[1]);
  if (word == "PAUSE") return take_pause(now, id, peer, tokens[2] == "now");
  if (word == "RESUME") return take_resume(now, id, peer);
  take_deregister(id, peer);
}

void Registrar::take_register(Instant now, PeerId id, Peer& peer, const Tokens& tokens) {
  if (peer.backend) return invalid(id, "registered already");
  const auto refuse = [&](std::string reason) {
    counters_.add(Count::registrations_refused);
    tell("refused", printable(tokens[1]), reason);
    invalid(id, std::move(reason));
    hang_up(id, peer);
  };
  const std::optional<Address> address = Address::parse(tokens[2]);
  const std::optional<std::uint32_t> weight = parse_weight(tokens[3]);
  if (!is_backend_name(tokens[1]))
    return refuse("name is not 1 to 64 characters of A-Z a-z 0-9 . _ -");
  if (!address) return refuse("ip not parseable");
  if (const std::string_view objection = objection_to(*address); !objection.empty())
    return refuse(std::string(objection));
  if (!weight)
    return refuse("option is not weight=1 to weight=" + std::to_string(kBackendWeightMax));

  const BackendRef backend = enroll(now, id, tokens[1], *address, *weight);
  if (!backend) return hang_up(id, peer);
  peer.backend = backend;
  tell("registering", std::string(tokens[1]), address->to_string());
  peer.deadline = now + config_.register_timeout;
  prove(now, peer);
}

BackendRef Registrar::enroll(Instant now, PeerId id, std::string_view name, Address address,
                             std::uint32_t weight) {
  const auto refuse = [&](const std::string& reason) {
    counters_.add(Count::registrations_refused);
    tell("refused", std::string(name), reason);
    invalid(id, reason);
    return BackendRef{};
  };
  const Backend* known = backends_.find(name);
  const bool is_pair_configured = std::ranges::any_of(
      config_.pairs, [&](const PairSeats& seats) { return seats.pair == name; });
  if (is_pair_configured || (known && known->kind == BackendKind::pair))
    return refuse("registration failed: name " + std::string(name) + " is a pair's");
  if (known && peer_of(known->ref) != peers_.end())
    return refuse("registration failed: name " + std::string(name) + " is taken");
  for (const BackendIndex index : backends_.by_name())
    if (backends_[index].address == address && &backends_[index] != known &&
        backends_[index].kind != BackendKind::pair)
      return refuse("registration failed: address " + address.to_string() + " belongs to " +
                    backends_[index].name);
  if (known) {
    const BackendRef ref = known->ref;
    if (known->address == address) {
      if (known->state == BackendState::down)
        static_cast<void>(backends_.apply(now, ref, BackendSign::returned));
      backends_.set_weight(ref, weight);
      members_[ref.index].forget_at = kNever;
      return ref;  // an orphan keeps its flows while its data path is proved again
    }
    remove(ref);  // its flows are at the address that it left
  }
  const BackendSet::Added added = backends_.add(now, name, address, weight);
  if (added.outcome != BackendSet::AddOutcome::ok)
    return refuse("registration failed: table is full");
  members_[added.ref.index] = {};
  return added.ref;
}

void Registrar::take_sane(Instant now, PeerId id, Peer& peer, std::string_view nonce) {
  if (peer.nonce.empty()) return;  // an echo of a probe that was repeated
  if (nonce != peer.nonce) return invalid(id, "bad sanity check");
  Pairs::Answer steering;
  if (peer.announced) {
    steering = pairs_.announce(now, peer.backend, *peer.announced);
    if (!steering.is_taken) return refuse_replica(now, id, peer, steering.line);
    peer.is_replica = true;
    peer.announced.reset();
  }
  if (!peer.is_replica) pairs_.release(peer.backend);
  peer.nonce.clear();
  peer.deadline = peer.probe = kNever;
  const Backend& backend = *backends_.find(peer.backend);
  Member& member = members_[peer.backend.index];
  if (backend.state == BackendState::registering)
    static_cast<void>(backends_.apply(now, peer.backend, BackendSign::proved));
  else if (member.orphan)
    resume(now, peer.backend);
  member.orphan = false;
  ++changes_;
  health_.watch(now, peer.backend.index);
  counters_.add(Count::registrations);
  say(id, "REGISTERED " + backend.name + ' ' + backend.address.to_string());
  if (steering.is_taken) say(id, steering.line);
  // Back, but as the operator left it: its agent may be a new one, and must know to ask RESUME.
  if (backend.state != BackendState::active) say(id, "PAUSED " + backend.name);
  // A replica is ready; who is active is its pair's.
  tell(backend.kind == BackendKind::replica ? "ready" : "active", backend.name,
       backend.address.to_string());
}

// Who has not proved its data path yet is heard when it has: a stranger steers nothing.
void Registrar::take_replica(Instant now, PeerId id, Peer& peer, const Tokens& tokens) {
  const std::optional<ReplicaStatus> status = parse_replica(tokens);
  if (!status)
    return refuse_replica(now, id, peer, "a replica is <pair> <0|1> <epoch> <active|standby>");
  if (!peer.nonce.empty()) {
    peer.announced = status;
    return;
  }
  const Pairs::Answer answer = pairs_.announce(now, peer.backend, *status);
  if (!answer.is_taken) return invalid(id, answer.line);
  peer.is_replica = true;
  say(id, answer.line);
}

// It would become a backend of its own, and be given flows that only its pair can serve.
void Registrar::refuse_replica(Instant now, PeerId id, Peer& peer, const std::string& why) {
  invalid(id, why);
  if (peer.nonce.empty()) return;
  const BackendRef ref = peer.backend;
  counters_.add(Count::registrations_refused);
  tell("refused", backends_.find(ref)->name, why);
  hang_up(id, peer);
  orphan(now, ref);
}

void Registrar::take_health(Instant now, PeerId id, Peer& peer, std::string_view code) {
  const std::optional<std::uint32_t> status = parse_number(code, 999);
  if (!status) return invalid(id, "no status code in health check");
  counters_.add(Count::heartbeats);
  say(id, "HEALTHACK 200");
  if (!peer.nonce.empty()) return;  // its data path is being proved
  const std::string& name = backends_.find(peer.backend)->name;
  switch (health_.on_heartbeat(now, peer.backend.index, static_cast<int>(*status))) {
    case HealthChange::none:
      return;
    case HealthChange::lost:
      static_cast<void>(backends_.apply(now, peer.backend, BackendSign::lost));
      members_[peer.backend.index].drain_until = kNever;
      peer.deadline = now + config_.timeout;
      return tell("down", name, "health code " + std::to_string(*status));
    case HealthChange::returned:
      static_cast<void>(backends_.apply(now, peer.backend, BackendSign::returned));
      tell("registering", name, "health code " + std::to_string(*status));
      return prove(now, peer);
  }
}

void Registrar::take_pause(Instant now, PeerId id, const Peer& peer, bool at_once) {
  const std::string name = backends_.find(peer.backend)->name;
  if (pairs_.is_active(peer.backend)) return invalid(id, "the replica is its pair's active one");
  if (!pause(now, peer.backend, at_once)) return invalid(id, "backend already paused");
  say(id, "PAUSED " + name);
}

void Registrar::take_resume(Instant now, PeerId id, const Peer& peer) {
  if (!peer.nonce.empty()) return invalid(id, "the data path is not proved");
  if (!resume(now, peer.backend)) return invalid(id, "backend already active");
  say(id, "RESUMED " + backends_.find(peer.backend)->name);
}

void Registrar::take_deregister(PeerId id, Peer& peer) {
  const std::string name = backends_.find(peer.backend)->name;
  say(id, "DEREGISTERED " + name + " client requested deregistration");
  tell("deregistered", name);
  remove(peer.backend);
  hang_up(id, peer);
}

std::string_view Registrar::objection_to(const Address& address) const {
  if (address.family() != config_.address.family())
    return "ip not reachable: it must be an address of the balancer's family";
  if (!address.is_single_host())
    return "ip not reachable: it must be one host's, not loopback, multicast or broadcast";
  const bool is_own = address == config_.address ||
                      std::any_of(config_.vips.begin(), config_.vips.end(),
                                  [&](const Vip& vip) { return vip.address == address; });
  return is_own ? "ip is the balancer's own, or a vip" : "";
}

void Registrar::hang_up(PeerId id, Peer& peer) {
  peer.backend = {};
  peer.nonce.clear();
  peer.deadline = peer.probe = kNever;
  peer.closing = true;
  messages_.push({Message::Kind::close, id, {}});
}

void Registrar::reap() {
  std::erase_if(peers_, [](const auto& entry) { return entry.second.closing; });
}

void Registrar::invalid(PeerId id, std::string reason) {
  counters_.add(Count::lines_invalid);
  say(id, "INVALID " + std::move(reason));
}

void Registrar::say(PeerId id, std::string line) {
  messages_.push({Message::Kind::bytes, id, std::move(line) + '\n'});
}

void Registrar::tell(std::string_view kind, std::string subject, std::string detail) {
  notices_.push({std::string(kind), std::move(subject), std::move(detail)});
}

}  // namespace poise
