// The control side of the agent: streams to the balancers, registration, heartbeats, orders.
#include "model/balancer/agent.h"

#include <algorithm>
#include <utility>

#include "model/backend/backend_set.h"
#include "model/check.h"
#include "model/hash.h"

namespace poise {

namespace {

bool is_pause(const std::optional<Command::Kind>& order) {
  return order == Command::Kind::pause || order == Command::Kind::drain;
}

// The middle of the next interval of the clock, whenever the stream came up.
Instant next_heartbeat(Instant now, Duration interval) {
  const Duration half = interval / 2;
  return Instant{interval * ((now.time_since_epoch() + half) / interval) + half};
}

}  // namespace

std::string_view to_string(AgentState state) {
  switch (state) {
    case AgentState::unregistered:
      return "unregistered";
    case AgentState::connecting:
      return "connecting";
    case AgentState::registering:
      return "registering";
    case AgentState::active:
      return "active";
    case AgentState::paused:
      return "paused";
    case AgentState::deregistered:
      return "deregistered";
  }
  return "?";
}

Agent::Agent(AgentConfig config)
    : config_(std::move(config)), rng_(config_.seed), links_(config_.balancers.size()) {
  POISE_CHECK(config_.heartbeat > Duration::zero());
  for (Link& link : links_) link.backoff = config_.reconnect;
  if (!config_.replica.pair.empty())
    replica_ = ReplicaStatus{.pair = config_.replica.pair, .index = config_.replica.index};
}

void Agent::start(Instant now) {
  for (PeerId peer = 0; peer < links_.size(); ++peer) open(now, peer);
}

void Agent::open(Instant now, PeerId peer) {
  Link& link = links_[peer];
  link.state = AgentState::connecting;
  link.line = {};
  link.deadline = now + config_.timeout;
  link.heartbeat = kNever;
  messages_.push({Message::Kind::open, peer, {}});
}

// Streams lost at one instant draw one lot: until the last balancer knows a backend again, those
// that do and those that do not choose differently.
std::uint64_t Agent::lot_at(Instant now) {
  if (std::exchange(drawn_at_, now) != now) lot_ = rng_.next();
  return lot_;
}

// Waits half of the backoff and up to half of it more by chance, so that the agents of a balancer
// that died do not come back all at once.
void Agent::lose(Instant now, PeerId peer, std::string_view why) {
  Link& link = links_[peer];
  if (link.state == AgentState::active || link.state == AgentState::paused)
    tell("lost", peer, std::string(why));
  if (link.up || link.state == AgentState::connecting)
    messages_.push({Message::Kind::close, peer, {}});
  link.up = false;
  link.state = AgentState::unregistered;
  link.heartbeat = kNever;
  const auto half = static_cast<std::uint64_t>(link.backoff.count()) / 2;
  link.deadline =
      now + Duration(static_cast<std::int64_t>(half + reduce(lot_at(now), half + 1))) + Duration{1};
  link.backoff = std::min(link.backoff * 2, config_.reconnect_max);
}

void Agent::on_peer(Instant now, PeerId peer, PeerEvent event) {
  if (peer >= links_.size()) return;
  Link& link = links_[peer];
  if (link.state == AgentState::deregistered) {
    if (event == PeerEvent::down && link.up) leave(peer);
    return;
  }
  if (event == PeerEvent::down) {
    if (link.state == AgentState::unregistered) return;  // we gave it up already
    link.up = false;
    return lose(now, peer, "stream closed");
  }
  if (link.state != AgentState::connecting) return;
  link.up = true;
  link.state = AgentState::registering;
  link.deadline = now + config_.timeout;
  link.heartbeat = next_heartbeat(now, config_.heartbeat);
  const std::string weight =
      config_.weight == 1 ? std::string() : " weight=" + std::to_string(config_.weight);
  say(peer, "REGISTER " + config_.name + ' ' + config_.address.to_string() + weight);
  if (replica_) say(peer, replica_line(*replica_));  // before its data path can be proved
}

void Agent::on_message(Instant now, PeerId peer, std::span<const std::uint8_t> bytes) {
  if (peer >= links_.size()) return;
  Link& link = links_[peer];
  while (!bytes.empty() && link.up) {
    bytes = bytes.subspan(link.line.take(bytes));
    if (link.line.overflown()) {
      counters_.add(Count::lines_too_long);
      return lose(now, peer, "line too long");
    }
    if (const std::optional<std::string> line = link.line.line()) {
      counters_.add(Count::lines);
      link.deadline = now + config_.timeout;
      take_line(now, peer, *line);
    }
  }
}

void Agent::take_line(Instant now, PeerId peer, const std::string& line) {
  const Tokens tokens = split(line);
  Link& link = links_[peer];
  if (tokens[0] == "REGISTERED") return registered(now, peer);
  // PAUSED follows REGISTERED at once or not at all: we are not paused there.
  if (tokens[0] == "HEALTHACK") {
    if (link.state == AgentState::active) forget_resume(link);
    return;
  }
  if (tokens[0] == "PAUSED") {
    link.state = AgentState::paused;
    tell("paused", peer);
    // It was away when the order to resume came.
    if (link.wanted == Command::Kind::resume)
      static_cast<void>(order(now, peer, Command::Kind::resume));
    return;
  }
  if (tokens[0] == "RESUMED") {
    link.state = AgentState::active;
    forget_resume(link);
    return tell("resumed", peer);
  }
  if (tokens[0] == "DEREGISTERED") {
    if (link.state == AgentState::deregistered || line.find("requested") != std::string::npos)
      return leave(peer);
    return lose(now, peer, printable(line, 128));
  }
  if (tokens[0] == "STEERED" || tokens[0] == "FENCED") {
    link.steering = printable(line, 128);
    return tell(tokens[0] == "FENCED" ? "fenced" : "steered", peer, link.steering);
  }
  counters_.add(Count::lines_invalid);
  tell("refused", peer, printable(line, 128));
}

// This balancer has let us go, or does not answer any more. After the last, the VIP goes too.
void Agent::leave(PeerId peer) {
  Link& link = links_[peer];
  link.state = AgentState::deregistered;
  link.deadline = link.heartbeat = kNever;
  link.up = false;
  tell("deregistered", peer);
  if (has_left() && std::exchange(attached_, false)) notices_.push({"detach", config_.name, {}});
}

bool Agent::has_left() const {
  return std::all_of(links_.begin(), links_.end(), [](const Link& link) {
    return link.state == AgentState::deregistered && !link.up;
  });
}

void Agent::registered(Instant now, PeerId peer) {
  Link& link = links_[peer];
  if (link.state != AgentState::registering) return;
  link.state = AgentState::active;
  link.backoff = config_.reconnect;
  counters_.add(Count::registrations);
  tell("registered", peer);
  if (!std::exchange(attached_, true)) notices_.push({"attach", config_.name, {}});
  if (link.wanted && link.wanted != Command::Kind::resume)
    static_cast<void>(order(now, peer, *link.wanted));
}

void Agent::forget_resume(Link& link) {
  if (link.wanted == Command::Kind::resume) link.wanted.reset();
}

CommandResult Agent::on_command(Instant now, const Command& command) {
  bool any = false;
  asked_.clear();
  for (PeerId peer = 0; peer < links_.size(); ++peer) {
    Link& link = links_[peer];
    if (order(now, peer, command.kind)) {
      any = true;
      if (link.up) asked_.push_back(peer);  // else it left without a word
    }
    link.wanted = command.kind;
    if (command.kind == Command::Kind::deregister || link.state == AgentState::active)
      if (!is_pause(link.wanted)) link.wanted.reset();
  }
  return any ? CommandResult::done : CommandResult::refused;
}

// The state is what the balancer last said, `wanted` what it was last asked: an order is refused
// when both have it already. A drain may be made a pause.
bool Agent::order(Instant now, PeerId peer, Command::Kind kind) {
  Link& link = links_[peer];
  const bool registered =
      link.up && (link.state == AgentState::active || link.state == AgentState::paused);
  switch (kind) {
    case Command::Kind::drain:
    case Command::Kind::pause:
      if (!registered) return false;
      if (link.state == AgentState::paused && is_pause(link.wanted) &&
          (kind == Command::Kind::drain || link.wanted == kind))
        return false;
      say(peer, "PAUSE " + config_.name + (kind == Command::Kind::pause ? " now" : ""));
      return true;
    case Command::Kind::resume:
      if (!registered || (link.state == AgentState::active && !is_pause(link.wanted))) return false;
      say(peer, "RESUME " + config_.name);
      return true;
    case Command::Kind::deregister:
      break;
  }
  if (link.state == AgentState::deregistered) return false;
  link.state = AgentState::deregistered;
  if (registered) {
    say(peer, "DEREGISTER " + config_.name);
    link.heartbeat = kNever;
    link.deadline = now + config_.timeout;  // then hang up without an answer
  } else {
    messages_.push({Message::Kind::close, peer, {}});
    leave(peer);
  }
  return true;
}

void Agent::on_health(Instant, std::uint16_t code) {
  POISE_CHECK(code >= 100 && code <= 999);
  if (code == health_) return;
  health_ = code;
  for (PeerId peer = 0; peer < links_.size(); ++peer)
    if (links_[peer].heartbeat != kNever) say_health(peer);
}

void Agent::on_replica(Instant, const ReplicaStatus& status) {
  POISE_CHECK(is_backend_name(status.pair) && status.index < kPairSize &&
              status.epoch <= kEpochMax);
  if (replica_ == status) return;
  replica_ = status;
  for (PeerId peer = 0; peer < links_.size(); ++peer)
    if (links_[peer].up && links_[peer].state != AgentState::deregistered)
      say(peer, replica_line(status));
}

void Agent::say_health(PeerId peer) {
  say(peer, "HEALTH " + std::to_string(health_));
  counters_.add(Count::heartbeats);
}

void Agent::on_timer(Instant now) {
  for (PeerId peer = 0; peer < links_.size(); ++peer) {
    Link& link = links_[peer];
    if (link.deadline <= now) {
      if (link.state == AgentState::deregistered) {
        messages_.push({Message::Kind::close, peer, {}});
        leave(peer);
      } else if (link.state == AgentState::unregistered) {
        open(now, peer);
      } else {
        lose(now, peer, "silence");
      }
    } else if (link.heartbeat <= now) {
      say_health(peer);
      // In step, however late the timer was; those that were missed stay so.
      link.heartbeat = next_heartbeat(now, config_.heartbeat);
    }
  }
}

Instant Agent::next_deadline() const {
  Instant next = kNever;
  for (const Link& link : links_) next = std::min({next, link.deadline, link.heartbeat});
  return next;
}

void Agent::say(PeerId peer, std::string line) {
  messages_.push({Message::Kind::bytes, peer, std::move(line) + '\n'});
}

void Agent::tell(std::string_view kind, PeerId peer, std::string detail) {
  notices_.push({std::string(kind), config_.balancers[peer].to_string(), std::move(detail)});
}

std::uint64_t Agent::digest() const {
  Digest digest;
  digest.add(rng_.digest())
      .add(to_ns(drawn_at_))
      .add(lot_)
      .add(attached_)
      .add(health_)
      .add(counters_.digest());
  for (const Link& link : links_)
    digest.add(link.state)
        .add(link.up)
        .add(link.wanted ? static_cast<int>(*link.wanted) : -1)
        .add(to_ns(link.deadline))
        .add(to_ns(link.heartbeat))
        .add(link.backoff.count())
        .add(link.line.digest());
  if (!replica_) return digest.value();
  digest.add(replica_line(*replica_));
  for (const Link& link : links_) digest.add(link.steering);
  return digest.value();
}

}  // namespace poise
