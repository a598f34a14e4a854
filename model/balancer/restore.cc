// Beginning with what another life left behind, and leaving it to the next.
#include <algorithm>

#include "model/balancer/balancer.h"

namespace poise {
namespace {

std::optional<Duration> left_until(Instant deadline, Instant now) {
  if (deadline == kNever) return std::nullopt;
  return std::max(deadline - now, Duration::zero());
}

std::string plural(std::size_t count, const std::string& noun) {
  return std::to_string(count) + ' ' + noun + (count == 1 ? "" : "s");
}

}  // namespace

// Nobody's data path is taken on trust but that of who had proved it to the life before.
BackendRef Registrar::restore(Instant now, const SnapshotMember& saved) {
  if (!objection_to(saved.address).empty()) return {};
  const BackendSet::Added added =
      backends_.restore(now, saved.name, saved.address, saved.weight, saved.state,
                        saved.ramp_left.value_or(Duration::zero()));
  if (added.outcome != BackendSet::AddOutcome::ok) return {};
  Member& member = members_[added.ref.index] = {.orphan = saved.is_orphan};
  if (saved.state == BackendState::down) {
    if (saved.kind != BackendKind::pair)
      member.forget_at = now + saved.forget_left.value_or(config_.forget_timeout);
    return added.ref;
  }
  if (saved.state == BackendState::draining && saved.drain_left)
    member.drain_until = now + *saved.drain_left;
  drain_poll_ = now;
  if (saved.kind == BackendKind::pair) return added.ref;  // its replicas are watched
  health_.watch(now, added.ref.index,
                std::max(config_.restore_grace - config_.timeout, Duration::zero()));
  return added.ref;
}

void Pairs::restore(std::span<const SnapshotMember> members, std::span<const BackendRef> refs) {
  for (std::size_t i = 0; i < members.size(); ++i) {
    if (!refs[i]) continue;
    backends_.set_kind(refs[i], members[i].kind);
    if (members[i].kind != BackendKind::pair) continue;
    Pair& pair = pairs_[refs[i].index];
    pair.epoch = members[i].epoch;
    pair.active_epoch = members[i].active_epoch;
    pair.active = members[i].active;
  }
  for (std::size_t i = 0; i < members.size(); ++i) {
    if (!refs[i] || members[i].kind != BackendKind::replica || !refs[members[i].pair]) continue;
    pairs_[refs[members[i].pair].index].replicas[members[i].replica] = {
        .member = refs[i], .epoch = members[i].epoch, .active = members[i].is_active};
  }
}

void Pairs::save(std::vector<SnapshotMember>& members) const {
  std::erase_if(members, [&](const SnapshotMember& member) {
    return member.kind == BackendKind::replica && !seat_of(member.ref);
  });
  std::map<BackendIndex, std::uint32_t> places;
  for (std::uint32_t i = 0; i < members.size(); ++i) places[members[i].ref.index] = i;
  for (SnapshotMember& member : members) {
    if (member.kind == BackendKind::pair) {
      const Pair& pair = pairs_.at(member.ref.index);
      member.epoch = pair.epoch;
      member.active_epoch = pair.active_epoch;
      member.active = pair.active;
    } else if (const std::optional<Seat> seat = seat_of(member.ref)) {
      const Replica& replica = pairs_.at(seat->pair).replicas[seat->index];
      member.pair = places.at(seat->pair);
      member.replica = seat->index;
      member.epoch = replica.epoch;
      member.is_active = replica.active;
    }
  }
}

std::vector<SnapshotMember> Registrar::members(Instant now) const {
  std::vector<SnapshotMember> members;
  for (const BackendIndex index : backends_.by_name()) {
    const Backend& backend = backends_[index];
    if (backend.state == BackendState::registering && backend.kind != BackendKind::pair)
      continue;  // not proved: it will ask again
    SnapshotMember saved{.ref = backend.ref,
                         .name = backend.name,
                         .address = backend.address,
                         .weight = backend.weight,
                         .state = backend.state,
                         .kind = backend.kind};
    if (const auto found = members_.find(index); found != members_.end()) {
      saved.is_orphan = found->second.orphan;
      saved.drain_left = left_until(found->second.drain_until, now);
      saved.forget_left = left_until(found->second.forget_at, now);
    }
    const Duration ramp_left = backends_.ramp_left(now, backend);
    if (ramp_left > Duration::zero()) saved.ramp_left = ramp_left;
    members.push_back(std::move(saved));
  }
  pairs_.save(members);
  return members;
}

RestoreOutcome Balancer::on_restore(Instant now, std::span<const std::uint8_t> bytes) {
  if (backends_.size() > 0 || flows().occupied() > 0) return RestoreOutcome::late;
  std::string error;
  std::optional<Snapshot> snapshot = read_snapshot(bytes, error);
  if (!snapshot) {
    registrar_.tell("unrestored", config_.name, error);
    return RestoreOutcome::malformed;
  }
  snapshot->age_to(now);
  std::vector<BackendRef> members;
  for (const SnapshotMember& member : snapshot->members)
    members.push_back(registrar_.restore(now, member));
  registrar_.restore_pairs(snapshot->members, members);
  built_version_ = backends_.version();
  built_paths_ = backends_.paths_version();
  data_path_.rebuild();  // also where nobody may be chosen: who drains has a tunnel too
  std::size_t flow_count = 0;
  for (const SnapshotFlow& flow : snapshot->flows)
    if (const BackendRef backend = members[flow.member])
      flow_count += data_path_.restore(now, flow.key, backend, flow.state, now - flow.age);
  const std::size_t left_out = snapshot->members.size() - backends_.size();
  registrar_.tell("restored", config_.name,
                  plural(backends_.size(), "member") + ", " + plural(flow_count, "flow") +
                      (left_out == 0 ? "" : "; left out: " + plural(left_out, "member")));
  on_timer(now);  // what fell due while nobody was there
  return RestoreOutcome::restored;
}

std::vector<std::uint8_t> Balancer::membership_snapshot(Instant now) const {
  return write_snapshot({.life = life_, .taken_at = now, .members = registrar_.members(now)});
}

std::vector<std::uint8_t> Balancer::snapshot(Instant now) const {
  Snapshot snapshot{.life = life_, .taken_at = now, .members = registrar_.members(now)};
  std::vector<std::uint32_t> places(config_.backend_count_max, kNoBackend);
  for (std::uint32_t i = 0; i < snapshot.members.size(); ++i)
    places[snapshot.members[i].ref.index] = i;
  flows().for_each(now, [&](const FlowTable::Flow& flow) {
    const std::uint32_t place = places[flow.backend.index];
    if (place == kNoBackend || !(snapshot.members[place].ref == flow.backend)) return;
    const Duration age = std::max(now - flow.last_use, Duration::zero());
    snapshot.flows.push_back({place, flow.key, flow.state, age});
  });
  std::stable_sort(snapshot.flows.begin(), snapshot.flows.end(),
                   [](const SnapshotFlow& a, const SnapshotFlow& b) { return a.age > b.age; });
  return write_snapshot(snapshot);
}

std::uint64_t Balancer::membership_version() const {
  return backends_.changes() + registrar_.changes();
}

}  // namespace poise
