// Roles: who begins, who is suspected, who takes over, who is fenced.
#include "model/tcp/host/pair.h"

#include <algorithm>
#include <utility>

namespace poise::tcp {

namespace {

constexpr Slot kKickCount = 256;  // connections that speak at once after a takeover, per ...
constexpr auto kKickInterval = std::chrono::microseconds{250};
constexpr std::uint32_t kExcusesMax = 3;

}  // namespace

Pair::Pair(const HostConfig& config, Table& table, Seat seat)
    : config_(config),
      replication_(config.replication),
      table_(table),
      seat_(seat),
      role_(replication_.role == Role::alone ? Role::alone : Role::standby),
      wants_active_(replication_.role == Role::active),
      lease_(replication_),
      promise_(replication_) {}

void Pair::start(Instant now) {
  if (role_ == Role::alone) return;
  heard_at_ = now;
  promise_.granted(now);  // a life before this one may have answered a heartbeat just now
  beat_at_ = now + replication_.heartbeat;
  if (replication_.opens) messages_.push(Message::Kind::open, kReplicaPeer);
  if (replication_.witness) messages_.push(Message::Kind::open, kWitnessPeer);
  if (wants_active_) decide_at_ = now + decision_time();
}

Instant Pair::suspicion_at() const {
  return heard_at_ + replication_.missed_max * replication_.heartbeat;
}

Instant Pair::deadline() const {
  if (role_ == Role::alone) return kNever;
  Instant at =
      std::min({beat_at_, decide_at_, reopen_at_, witness_reopen_at_, kick_at_, gate_opens_at_});
  const bool can_ask = replication_.witness ? witness_up_ : relied_on_;
  if (role_ == Role::standby && complete_ && !claimed_ && can_ask)
    at = std::min(at, std::max({peer_up_ ? suspicion_at() : promise_.end(), promise_.end(),
                                claimed_at_ + replication_.heartbeat / 4}));
  return at;
}

void Pair::on_timer(Instant now) {
  if (role_ == Role::alone) return;
  excuse_silence(now);
  if (reopen_at_ <= now) {
    reopen_at_ = kNever;
    messages_.push(Message::Kind::open, kReplicaPeer);
  }
  if (witness_reopen_at_ <= now) {
    witness_reopen_at_ = kNever;
    messages_.push(Message::Kind::open, kWitnessPeer);
  }
  if (decide_at_ <= now) decide(now);
  if (kick_at_ <= now) kick(now);
  if (gate_opens_at_ <= now) commit(now, logged_);  // ftcp: sends all the same
  if (role_ == Role::standby && complete_) watch_active(now);
  if (beat_at_ <= now) beat(now);
}

void Pair::beat(Instant now) {
  beat_at_ = now + replication_.heartbeat;
  if (role_ != Role::active) return;
  const Heartbeat heartbeat{epoch_,
                            static_cast<std::uint64_t>(to_ns(now)),
                            table_.clock().at(now),
                            static_cast<std::uint64_t>(replication_.lease.count()),
                            false,
                            alone_};
  if (peer_up_) send(kReplicaPeer, heartbeat);
  if (witness_up_) send(kWitnessPeer, heartbeat);
  if (alone_ && !attached_ && peer_up_ && suspicion_at() > now)
    attach(now);  // it was only slow
  else
    watch_standby(now);
}

// Nobody has said that it serves: whoever was meant to begin does, unless the other may know
// better; or whoever has heard that the other has nothing either.
void Pair::decide(Instant now) {
  decide_at_ = now + decision_time();
  if (role_ != Role::standby || complete_) {
    decide_at_ = kNever;
    return;
  }
  if (replication_.witness) {
    if (witness_up_ && !claimed_ && (epoch_ == 0 || peer_idle_)) claim(now, false, true);
    return;
  }
  decide_at_ = kNever;
  if (wants_active_ || peer_idle_) become_active(now, epoch_ + 1);
}

// What we did not hear while we did not run was not unsaid, and who shares our processor or our
// virtual machine did not run either: when we are late ourselves, the other replica gets one more
// heartbeat. Not for ever, since a replica may be late all the time.
void Pair::excuse_silence(Instant now) {
  if (now - deadline() <= replication_.heartbeat / 5 || excuses_ == kExcusesMax) return;
  ++excuses_;
  heard_at_ = std::max(heard_at_, now - (replication_.missed_max - 1) * replication_.heartbeat);
}

// A standby whose active is silent waits until its own promise has passed, then asks for the next
// epoch (rules R13, R14). Without a witness it takes it, but only from an active that it has heard
// to rely on it: until its acknowledgment of the snapshot has come, the other serves alone.
void Pair::watch_active(Instant now) {
  if ((peer_up_ && suspicion_at() > now) || !promise_.passed(now) || claimed_) return;
  if (now < claimed_at_ + replication_.heartbeat / 4) return;
  if (replication_.witness) {
    if (witness_up_) claim(now, true, true);
    return;
  }
  if (relied_on_) take_over(now, epoch_ + 1);
}

// An active whose standby is silent does not go on without it unless the witness agrees (rule R4).
void Pair::watch_standby(Instant now) {
  if (!attached_ || (peer_up_ && suspicion_at() > now)) return;
  if (claimed_) return;  // it may have been granted without our hearing of it
  if (alone_)
    go_alone(now, epoch_);
  else if (replication_.witness && witness_up_)
    claim(now, false, true);
}

void Pair::claim(Instant now, bool takeover, bool alone) {
  claimed_ = Claim{epoch_ + 1, replication_.index, takeover, alone,
                   static_cast<std::uint64_t>(to_ns(now))};
  claimed_at_ = now;
  send(kWitnessPeer, *claimed_);
}

void Pair::become_active(Instant now, std::uint64_t epoch) {
  role_ = Role::active;
  epoch_ = epoch;
  alone_ = true;
  if (!replication_.witness) took_over_at_ = now;  // another may serve, whom we do not hear
  complete_ = attached_ = handing_over_ = snapshot_missed_ = false;
  decide_at_ = kNever;
  claimed_.reset();
  lease_ = Lease(replication_);
  beat_at_ = now;
  logged_ = committed_ = std::max(logged_, applied_);
  notice("active", std::to_string(epoch), std::to_string(table_.count()) + " connections");
  if (peer_up_) send(kReplicaPeer, greeting());
}

void Pair::take_over(Instant now, std::uint64_t epoch) {
  // What the predecessor may have said at most: until its lease ended (rule R8).
  const auto ahead =
      static_cast<std::uint32_t>(std::chrono::duration_cast<std::chrono::milliseconds>(
                                     now - peer_clock_at_ + replication_.lease)
                                     .count());
  table_.clock().set(now, peer_clock_ + ahead + 2);
  become_active(now, epoch);
  took_over_at_ = now;
  table_.for_each([&](Slot, Connection& connection) { connection.take_over(now); });
  kick_next_ = 0;
  kick(now);
}

// Every connection says where it stands: an acknowledgment, and what was not acknowledged again.
void Pair::kick(Instant now) {
  Slot left = kKickCount;
  for (; left > 0 && kick_next_ < config_.connection_count_max; ++kick_next_) {
    if (!table_.at(kick_next_)) continue;
    table_.settle(now, kick_next_, true);
    --left;
  }
  kick_at_ = kick_next_ < config_.connection_count_max ? now + kKickInterval : kNever;
}

void Pair::go_alone(Instant now, std::uint64_t epoch) {
  if (std::exchange(handing_over_, false)) lease_ = Lease(replication_);  // to nobody
  epoch_ = epoch;
  alone_ = true;
  attached_ = false;
  claimed_.reset();
  tell_all(now);
  notice("alone", std::to_string(epoch), "");
}

void Pair::be_fenced(Instant, std::uint64_t epoch) {
  if (role_ == Role::active) notice("fenced", std::to_string(epoch), "");
  role_ = Role::fenced;
  epoch_ = epoch;
  complete_ = attached_ = handing_over_ = false;
  decide_at_ = kick_at_ = gate_opens_at_ = kNever;
  claimed_.reset();
  lease_ = Lease(replication_);
  outstanding_.clear();
  sizes_.clear();
  committed_bytes_ = logged_bytes_;
  table_.clear();
  logged_ = applied_ = committed_ = 0;
  if (peer_up_) send(kReplicaPeer, greeting());
}

Instant Pair::speaks_until() const {
  if (role_ == Role::alone) return kNever;
  if (role_ != Role::active || handing_over_) return Instant::min();
  return alone_ && !replication_.witness ? kNever : lease_.end();
}

bool Pair::on_order(Instant now, Host::Order order) {
  switch (order) {
    case Host::Order::migrate:
      if (role_ != Role::active || alone_ || !peer_up_) return false;
      if (replication_.witness && !witness_up_) return false;  // nobody could take it
      handing_over_ = true;
      lease_.surrender();
      flush(now);
      commit(now, committed_);
      return true;
    case Host::Order::promote:
      if (role_ != Role::standby || !complete_ || replication_.witness) return false;
      take_over(now, epoch_ + 1);
      return true;
    case Host::Order::solo:
      if (role_ != Role::active || replication_.witness || !attached_) return false;
      go_alone(now, epoch_ + 1);
      return true;
  }
  return false;
}

void Pair::notice(const char* kind, std::string subject, std::string detail) {
  notices_.push({kind, std::move(subject), std::move(detail)});
}

void Pair::add_to(Digest& digest) const {
  digest.add(role_).add(epoch_).add(alone_).add(complete_).add(logged_).add(committed_);
  digest.add(applied_)
      .add(attached_)
      .add(to_ns(lease_.end()))
      .add(to_ns(promise_.end()))
      .add(excuses_);
}

}  // namespace poise::tcp
