// Announcements, fencing, and what becomes of a pair as its replicas come and go.
#include "model/balancer/pairs.h"

#include <algorithm>
#include <utility>

#include "model/check.h"
#include "model/hash.h"

namespace poise {

Pairs::Pairs(const BalancerConfig& config, BackendSet& backends, Counters& counters,
             Queue<Notice>& notices)
    : config_(config), backends_(backends), counters_(counters), notices_(notices) {}

Pairs::Answer Pairs::announce(Instant now, BackendRef member, const ReplicaStatus& status) {
  const auto refuse = [](const std::string& why) { return Answer{false, why}; };
  if (const std::string why = objection_to(member, status); !why.empty()) return refuse(why);
  if (const auto seat = seat_of(member);
      seat && (backends_[seat->pair].name != status.pair || seat->index != status.index))
    return refuse("registered as replica " + std::to_string(seat->index) + " of " +
                  backends_[seat->pair].name);
  std::string why_not;
  const BackendIndex index = pair_named(now, member, status.pair, why_not);
  if (index == kNoBackend) return refuse(why_not);
  Pair& pair = pairs_[index];

  Replica& replica = pair.replicas[status.index];
  if (replica.member != member) {
    const Backend* other = backends_.find(replica.member);
    if (other && other->state != BackendState::down)
      return refuse("replica " + std::to_string(status.index) + " of " + status.pair + " is " +
                    other->name);
    replica = {.member = member};
    backends_.set_kind(member, BackendKind::replica);
    tell("replica", index, std::to_string(status.index) + " is " + backends_.find(member)->name);
  }
  ++changes_;
  const bool is_second =
      status.epoch == pair.active_epoch && pair.active && *pair.active != status.index;
  if (status.active && (status.epoch < pair.epoch || is_second)) {
    counters_.add(Count::fenced);
    tell("fenced", index,
         "replica " + std::to_string(status.index) + " said epoch " + std::to_string(status.epoch) +
             ", the newest is " + std::to_string(pair.epoch));
    return {true, "FENCED " + status.pair + ' ' + std::to_string(pair.epoch)};
  }
  if (status.active) {
    take_active(index, pair, status);
    backends_.set_weight(backends_[index].ref, backends_.find(member)->weight);
  }
  replica.epoch = status.epoch;
  replica.active = status.active;
  pair.epoch = std::max(pair.epoch, status.epoch);
  return {true, "STEERED " + status.pair + ' ' +
                    (pair.active ? std::to_string(*pair.active) : std::string("-")) + ' ' +
                    std::to_string(pair.epoch)};
}

std::string Pairs::objection_to(BackendRef member, const ReplicaStatus& status) const {
  if (config_.pairs.empty()) return {};
  const std::string& name = backends_.find(member)->name;
  for (const PairSeats& seats : config_.pairs)
    if (seats.pair == status.pair && status.index < seats.members.size() &&
        seats.members[status.index] == name)
      return {};
  return "replica " + std::to_string(status.index) + " of " + status.pair + " is not for " + name;
}

BackendIndex Pairs::pair_named(Instant now, BackendRef member, const std::string& name,
                               std::string& why_not) {
  if (const Backend* known = backends_.find(name)) {
    if (known->kind == BackendKind::pair) return known->ref.index;
    why_not = "the name " + name + " is a backend's, not a pair's";
    return kNoBackend;
  }
  const Backend& first = *backends_.find(member);
  const BackendSet::Added added = backends_.add(now, name, first.address, first.weight);
  if (added.outcome != BackendSet::AddOutcome::ok) {
    why_not = "no room for the pair: table is full";
    return kNoBackend;
  }
  backends_.set_kind(added.ref, BackendKind::pair);
  pairs_[added.ref.index] = {};
  return added.ref.index;
}

void Pairs::take_active(BackendIndex index, Pair& pair, const ReplicaStatus& status) {
  const bool is_other = pair.active != status.index;
  if (is_other && pair.active) pair.replicas[*pair.active].active = false;
  if (is_other || pair.active_epoch != status.epoch)
    tell(
        "steered", index,
        "to replica " + std::to_string(status.index) + " in epoch " + std::to_string(status.epoch));
  if (is_other && pair.active) counters_.add(Count::takeovers);
  pair.active = status.index;
  pair.active_epoch = status.epoch;
}

void Pairs::release(BackendRef member) {
  const std::optional<Seat> seat = seat_of(member);
  if (!seat) return;
  pairs_[seat->pair].replicas[seat->index] = {};
  backends_.set_kind(member, BackendKind::plain);
  ++changes_;
}

void Pairs::settle(Instant now) {
  for (auto& [index, pair] : pairs_) {
    settle_state(now, index, pair);
    settle_paths(index, pair);
  }
}

void Pairs::settle_state(Instant now, BackendIndex index, Pair& pair) {
  const bool is_alone = !has_members(pair);
  if (is_alone != (pair.forget_at != kNever))
    pair.forget_at = is_alone ? now + config_.forget_timeout : kNever;

  const BackendRef ref = backends_[index].ref;
  const BackendState state = backends_[index].state;
  if (serves(pair)) {
    pair.grace_end = kNever;
    if (state == BackendState::down)
      static_cast<void>(backends_.apply(now, ref, BackendSign::returned));
    if (backends_[index].state == BackendState::registering) {
      static_cast<void>(backends_.apply(now, ref, BackendSign::proved));
      tell("active", index, "replica " + std::to_string(*pair.active));
    }
    return;
  }
  if (!keeps_old_flows(state)) {
    pair.grace_end = kNever;
    return;
  }
  if (!is_alive(pair, 0) && !is_alive(pair, 1)) return lose(now, index, "both replicas are silent");
  if (pair.grace_end == kNever) {
    pair.grace_end = now + config_.replica_grace;
    tell("waiting", index, "no replica is active");
  }
  if (pair.grace_end <= now) lose(now, index, "no replica became active");
}

// What its operator had drained stays away when it comes back: nobody else would say so again.
void Pairs::lose(Instant now, BackendIndex index, const std::string& why) {
  const Backend& backend = backends_[index];
  counters_.add(Count::backends_lost);
  tell("down", index, why);
  pairs_[index].grace_end = kNever;
  const bool drains = backend.state == BackendState::draining;
  static_cast<void>(
      backends_.apply(now, backend.ref, drains ? BackendSign::pause : BackendSign::lost));
}

void Pairs::settle_paths(BackendIndex index, const Pair& pair) {
  if (!pair.active) return;
  const Backend* active = backends_.find(pair.replicas[*pair.active].member);
  const std::size_t other = 1 - *pair.active;
  const bool copies = config_.mirror && is_alive(pair, other);
  backends_.set_paths(backends_[index].ref, active ? active->address : backends_[index].address,
                      copies ? backends_.find(pair.replicas[other].member)->address : Address{});
}

std::optional<Pairs::Seat> Pairs::seat_of(BackendRef member) const {
  for (const auto& [index, pair] : pairs_)
    for (std::uint8_t i = 0; i < kPairSize; ++i)
      if (pair.replicas[i].member == member) return Seat{index, i};
  return std::nullopt;
}

// Where a stream only broke, the host may live; its silence has a timeout.
bool Pairs::is_alive(const Pair& pair, std::size_t index) const {
  const Backend* member = backends_.find(pair.replicas[index].member);
  return member && keeps_old_flows(member->state);
}

bool Pairs::serves(const Pair& pair) const {
  return pair.active && pair.replicas[*pair.active].active && is_alive(pair, *pair.active);
}

bool Pairs::has_members(const Pair& pair) const {
  return is_member(pair.replicas[0].member) || is_member(pair.replicas[1].member);
}

std::optional<BackendRef> Pairs::next_forgotten(Instant now) const {
  for (const auto& [index, pair] : pairs_)
    if (pair.forget_at <= now) return backends_[index].ref;
  return std::nullopt;
}

bool Pairs::serves(BackendRef pair) const {
  const auto found = pairs_.find(pair.index);
  return found != pairs_.end() && serves(found->second);
}

bool Pairs::is_active(BackendRef member) const {
  const std::optional<Seat> seat = seat_of(member);
  return seat && pairs_.at(seat->pair).active == seat->index &&
         pairs_.at(seat->pair).replicas[seat->index].active;
}

std::array<BackendRef, kPairSize> Pairs::replicas(BackendRef pair) const {
  std::array<BackendRef, kPairSize> members;
  if (const auto found = pairs_.find(pair.index); found != pairs_.end())
    for (std::size_t i = 0; i < kPairSize; ++i)
      if (is_member(found->second.replicas[i].member))
        members[i] = found->second.replicas[i].member;
  return members;
}

std::optional<PairView> Pairs::view(BackendRef ref) const {
  const auto found = pairs_.find(ref.index);
  if (found == pairs_.end() || !is_member(ref)) return std::nullopt;
  const Pair& pair = found->second;
  PairView view{.epoch = pair.epoch,
                .active_epoch = pair.active_epoch,
                .active = pair.active,
                .serves = serves(pair)};
  for (std::size_t i = 0; i < kPairSize; ++i)
    if (const Backend* member = backends_.find(pair.replicas[i].member))
      view.replicas[i] = member->name;
  return view;
}

Instant Pairs::next_deadline() const {
  Instant next = kNever;
  for (const auto& [index, pair] : pairs_) next = std::min({next, pair.grace_end, pair.forget_at});
  return next;
}

void Pairs::tell(std::string_view kind, BackendIndex pair, std::string detail) {
  notices_.push({std::string(kind), backends_[pair].name, std::move(detail)});
}

std::uint64_t Pairs::digest() const {
  Digest digest;
  for (const auto& [index, pair] : pairs_) {
    digest.add(index)
        .add(pair.epoch)
        .add(pair.active_epoch)
        .add(pair.active ? *pair.active : kPairSize)
        .add(to_ns(pair.grace_end))
        .add(to_ns(pair.forget_at));
    for (const Replica& replica : pair.replicas)
      digest.add(replica.member.index)
          .add(replica.member.generation)
          .add(replica.epoch)
          .add(replica.active);
  }
  return digest.value();
}

}  // namespace poise
