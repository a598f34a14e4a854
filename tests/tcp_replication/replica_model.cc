// The rules of a replica and the ways of streams, as actions on one small state.
#include "tests/tcp_replication/replica_model.h"

namespace poise::tcp {
namespace {

ReplicationConfig config_of(bool drift, Duration lease = Duration{5}) {
  return {.lease = lease, .drift = drift ? 0.25 : 0.0};
}

std::uint64_t ns(Instant instant) {
  return static_cast<std::uint64_t>(to_ns(instant));
}

}  // namespace

// States share a witness that nothing has happened to since.
Witness& ReplicaModel::change_witness() {
  auto changed = std::make_shared<Witness>(*witness_);
  Witness& witness = *changed;
  witness_ = std::move(changed);
  return witness;
}

// Begins in peace: replica 0 is active in epoch 2 with replica 1 as its standby.
ReplicaModel::ReplicaModel(const Rules& rules, const Bounds& bounds, std::array<int, 3> rates)
    : rules_(rules),
      left_(bounds),
      rates_(rates),
      config_(config_of(true)),
      granter_config_(config_of(rules.promise_counts_drift)),
      witness_config_(
          config_of(rules.promise_counts_drift, rules.witness_waits ? Duration{5} : Duration{0})),
      replicas_{Replica(config_, granter_config_), Replica(config_, granter_config_)},
      witness_(std::make_shared<Witness>(witness_config_)) {
  for (const std::size_t who : {0u, 1u}) connect(who);
  Replica& active = replicas_[0];
  for (const bool alone : {true, false}) {
    tell_witness(0, Claim{alone ? 1u : 2u, 0, false, alone, ns(now(0))});
    from_witness_[0].reset();
    active.epoch = alone ? 1 : 2;
  }
  from_witness_ = {};
  active.active = true;
  active.alone = false;
  active.attached = true;
  active.lease.granted(now(0));
  replicas_[1].epoch = spoken_ = 2;
  replicas_[1].complete = true;
  for (Replica& replica : replicas_) replica.ruled = true;
}

bool ReplicaModel::speaks(std::size_t who) const {
  return replicas_[who].active && replicas_[who].lease.holds(now(who));
}

void ReplicaModel::check() {
  if (speaks(0) && speaks(1)) violation_ = "both may emit";
  for (const std::size_t who : {0u, 1u}) {
    if (!speaks(who)) continue;
    if (replicas_[who].epoch < spoken_ && violation_.empty())
      violation_ = "an old epoch is heard after a newer one";
    spoken_ = std::max(spoken_, replicas_[who].epoch);
  }
}

bool ReplicaModel::tick() {
  if (left_.ticks == 0) return false;
  --left_.ticks;
  for (std::size_t i = 0; i < 3; ++i) clocks_[i] += rates_[i];
  for (Replica& replica : replicas_) replica.beat_peer = replica.beat_witness = false;
  return true;
}

// Takes the place of what was not heard: that is lost.
bool ReplicaModel::beat_peer(std::size_t who) {
  Replica& replica = replicas_[who];
  if (!replica.active || replica.beat_peer) return false;
  replica.beat_peer = true;
  to_peer_[who] = Heartbeat{replica.epoch, ns(now(who)), 0, 0, false, replica.alone};
  return true;
}

bool ReplicaModel::beat_witness(std::size_t who) {
  Replica& replica = replicas_[who];
  if (!replica.active || replica.beat_witness || !replica.connected || to_witness_[who])
    return false;
  replica.beat_witness = true;
  to_witness_[who] = Heartbeat{replica.epoch, ns(now(who)), 0, 0, false, replica.alone};
  return true;
}

// An active goes on without its standby, or with it; a standby takes over; who has nothing begins.
bool ReplicaModel::claim(std::size_t who) {
  Replica& replica = replicas_[who];
  if (left_.claims == 0 || replica.claim || !replica.connected || to_witness_[who]) return false;
  const bool takeover = !replica.active && replica.complete;
  if (takeover && rules_.standby_waits && !replica.promise.passed(now(who))) return false;
  if (replica.active && replica.alone && !replica.attached) return false;
  --left_.claims;
  const bool alone = !replica.active || !replica.alone;
  replica.claim =
      Claim{replica.epoch + 1, static_cast<std::uint32_t>(who), takeover, alone, ns(now(who))};
  replica.claimed_at = now(who);
  to_witness_[who] = *replica.claim;
  return true;
}

// The other replica has heard everything, and from now on outputs wait for it.
bool ReplicaModel::attach(std::size_t who) {
  Replica& replica = replicas_[who];
  Replica& other = replicas_[1 - who];
  if (!replica.active || !replica.alone || replica.attached || replica.claim || other.active ||
      other.epoch > replica.epoch)
    return false;
  other.epoch = replica.epoch;
  other.complete = true;
  replica.attached = true;
  replica.unshared = false;
  return true;
}

bool ReplicaModel::hand_over(std::size_t who) {
  Replica& replica = replicas_[who];
  if (!replica.active || replica.alone || replica.claim || to_peer_[who] || to_witness_[who] ||
      !replica.connected)
    return false;
  to_peer_[who] = to_witness_[who] = Handover{replica.epoch + 1, 0};
  if (!rules_.handover_surrenders) return true;
  replica.lease.surrender();
  fence(who, replica.epoch);
  return true;
}

void ReplicaModel::fence(std::size_t who, std::uint64_t epoch) {
  Replica& replica = replicas_[who];
  replica.active = replica.complete = replica.attached = false;
  replica.epoch = epoch;
  replica.claim.reset();
  replica.lease = Lease(config_);
}

bool ReplicaModel::deliver_to_peer(std::size_t who) {
  if (!to_peer_[who]) return false;
  const StreamMessage message = *to_peer_[who];
  to_peer_[who].reset();
  Replica& receiver = replicas_[1 - who];
  if (std::holds_alternative<Handover>(message)) {
    if (!receiver.active && receiver.complete) receiver.promise.released();
    return true;
  }
  const Heartbeat& heartbeat = std::get<Heartbeat>(message);
  heartbeat.answer ? on_answer(1 - who, heartbeat) : on_heartbeat(1 - who, heartbeat);
  return true;
}

void ReplicaModel::on_heartbeat(std::size_t who, const Heartbeat& heartbeat) {
  Replica& replica = replicas_[who];
  if (heartbeat.epoch < replica.epoch) return;
  if (!replica.ruled && rules_.newcomer_asks_first) return;
  if (replica.claim && rules_.claimant_promises_nothing) return;
  if (replica.active) {
    if (heartbeat.epoch > replica.epoch) fence(who, heartbeat.epoch);
    return;
  }
  replica.epoch = heartbeat.epoch;
  replica.promise.granted(now(who));
  Heartbeat answer = heartbeat;
  answer.answer = true;
  to_peer_[who] = answer;
}

void ReplicaModel::on_answer(std::size_t who, const Heartbeat& answer) {
  Replica& replica = replicas_[who];
  if (!replica.active || answer.epoch != replica.epoch) return;
  replica.lease.granted(rules_.lease_from_sending
                            ? instant_from_ns(static_cast<std::int64_t>(answer.sent_ns))
                            : now(who));
}

bool ReplicaModel::deliver_to_witness(std::size_t who) {
  if (!to_witness_[who] || from_witness_[who]) return false;
  StreamMessage message = *to_witness_[who];
  to_witness_[who].reset();
  if (Claim* claim = std::get_if<Claim>(&message)) {  // a rule left out is a claim that fits
    claim->alone = claim->alone && rules_.alone_is_final;
  }
  if (Heartbeat* heartbeat = std::get_if<Heartbeat>(&message))
    heartbeat->alone = heartbeat->alone && rules_.alone_is_final;
  tell_witness(who, message);
  return true;
}

void ReplicaModel::tell_witness(std::size_t who, const StreamMessage& message) {
  std::string bytes;
  write_message(bytes, message);
  Witness& witness = change_witness();
  witness.on_message(now(kWitness), static_cast<PeerId>(who),
                     {reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()});
  while (witness.next_notice()) {
  }
  while (const auto out = witness.next_message()) {
    MessageReader reader;
    reader.feed({reinterpret_cast<const std::uint8_t*>(out->bytes.data()), out->bytes.size()});
    from_witness_[out->peer] = reader.next();
  }
}

bool ReplicaModel::deliver_from_witness(std::size_t who) {
  if (!from_witness_[who]) return false;
  const StreamMessage message = *from_witness_[who];
  from_witness_[who].reset();
  if (const Ruling* ruling = std::get_if<Ruling>(&message))
    on_ruling(who, *ruling);
  else
    on_answer(who, std::get<Heartbeat>(message));
  return true;
}

void ReplicaModel::on_ruling(std::size_t who, const Ruling& ruling) {
  Replica& replica = replicas_[who];
  if (replica.claim && ruling.claim_ns == replica.claim->sent_ns) {
    Claim claim = *replica.claim;
    replica.claim.reset();
    claim.epoch = ruling.epoch;
    if (ruling.granted) return take(who, claim);
  }
  replica.ruled = true;
  const bool ours = ruling.holder == who;
  if (ruling.epoch < replica.epoch) return;
  if (replica.active && !ours && (ruling.epoch > replica.epoch || ruling.holder != kNobody))
    return fence(who, ruling.epoch);
  if (!replica.active) replica.epoch = ruling.epoch;
}

void ReplicaModel::take(std::size_t who, const Claim& claim) {
  Replica& replica = replicas_[who];
  Replica& other = replicas_[1 - who];
  if (claim.takeover && other.unshared) violation_ = "took over from who was alone";
  if (!replica.active) other.unshared = false;
  replica.epoch = claim.epoch;
  replica.active = true;
  replica.complete = false;
  replica.alone = claim.alone;
  if (claim.alone) replica.attached = false, replica.unshared = true;
  replica.lease.granted(replica.claimed_at);
}

void ReplicaModel::drop_stream(std::size_t who) {
  change_witness().on_peer(now(kWitness), static_cast<PeerId>(who), PeerEvent::down);
  to_witness_[who].reset();
  from_witness_[who].reset();
  replicas_[who].connected = false;
}

bool ReplicaModel::break_stream(std::size_t who) {
  if (!replicas_[who].connected || left_.stream_breaks == 0) return false;
  --left_.stream_breaks;
  drop_stream(who);
  return true;
}

// A stream to the witness is up: a Hello, and what was asked before is asked again.
bool ReplicaModel::connect(std::size_t who) {
  Replica& replica = replicas_[who];
  if (replica.connected && witness_->epoch() > 0) return false;
  replica.connected = true;
  change_witness().on_peer(now(kWitness), static_cast<PeerId>(who), PeerEvent::up);
  const bool knows = replica.active || replica.complete;
  tell_witness(who, Hello{1, replica.epoch, knows ? 1u : 0u, replica.active,
                          static_cast<std::uint32_t>(who)});
  if (!replica.claim) return true;
  replica.claimed_at = now(who);
  to_witness_[who] = *replica.claim;
  return true;
}

bool ReplicaModel::restart_replica(std::size_t who) {
  if (left_.replica_restarts == 0) return false;
  --left_.replica_restarts;
  const bool unshared = replicas_[who].unshared;
  drop_stream(who);
  to_peer_[who].reset();
  to_peer_[1 - who].reset();
  Replica& replica = replicas_[who] = Replica(config_, granter_config_);
  replica.connected = false;
  replica.unshared = unshared;
  return true;
}

bool ReplicaModel::restart_witness() {
  if (left_.witness_restarts == 0) return false;
  --left_.witness_restarts;
  for (const std::size_t who : {0u, 1u}) drop_stream(who);
  Witness& witness = change_witness() = Witness(witness_config_);
  if (rules_.witness_waits_after_restart) witness.start(now(kWitness));
  return true;
}

void ReplicaModel::each_next(
    const std::function<void(const char*, int, const ReplicaModel&)>& visit) const {
  // A copy is dear: one serves until something has happened to it.
  std::optional<ReplicaModel> next;
  const auto attempt = [&](const char* name, int who, const auto& act) {
    if (!next) next.emplace(*this);
    if (!act(*next)) return;
    next->check();
    visit(name, who, *next);
    next.reset();
  };
  using Action = bool (ReplicaModel::*)(std::size_t);
  static constexpr std::pair<const char*, Action> kActions[] = {
      {"sends a heartbeat to its peer", &ReplicaModel::beat_peer},
      {"sends a heartbeat to the witness", &ReplicaModel::beat_witness},
      {"claims the next epoch", &ReplicaModel::claim},
      {"attaches the other", &ReplicaModel::attach},
      {"hands over", &ReplicaModel::hand_over},
      {"is heard by its peer", &ReplicaModel::deliver_to_peer},
      {"is heard by the witness", &ReplicaModel::deliver_to_witness},
      {"hears the witness", &ReplicaModel::deliver_from_witness},
      {"loses its stream to the witness", &ReplicaModel::break_stream},
      {"connects to the witness", &ReplicaModel::connect},
      {"restarts", &ReplicaModel::restart_replica},
  };
  attempt("time passes", -1, [](ReplicaModel& model) { return model.tick(); });
  attempt("the witness restarts", -1, [](ReplicaModel& model) { return model.restart_witness(); });
  for (const int who : {0, 1})
    for (const auto& [name, action] : kActions)
      attempt(name, who, [who, act = action](ReplicaModel& model) {
        return (model.*act)(static_cast<std::size_t>(who));
      });
}

std::uint64_t ReplicaModel::digest() const {
  Digest digest;
  for (const std::int64_t clock : clocks_) digest.add(clock);
  digest.add(left_.claims)
      .add(left_.witness_restarts)
      .add(left_.replica_restarts)
      .add(left_.stream_breaks);
  digest.add(witness_->digest()).add(spoken_).add(std::string_view(violation_));
  std::string messages;
  const auto add = [&messages](const Channel& channel) {
    if (channel) write_message(messages, *channel);
    messages += ';';
  };
  for (const std::size_t i : {0u, 1u}) {
    const Replica& replica = replicas_[i];
    digest.add(replica.active)
        .add(replica.complete)
        .add(replica.alone)
        .add(replica.attached)
        .add(replica.ruled);
    digest.add(replica.connected).add(replica.beat_peer).add(replica.beat_witness);
    digest.add(replica.epoch).add(replica.unshared).add(replica.claim.has_value());
    if (replica.claim) digest.add(replica.claim->epoch).add(to_ns(replica.claimed_at));
    replica.lease.add_to(digest);
    replica.promise.add_to(digest);
    add(to_peer_[i]);
    add(to_witness_[i]);
    add(from_witness_[i]);
  }
  return digest.add(std::string_view(messages)).value();
}

}  // namespace poise::tcp
