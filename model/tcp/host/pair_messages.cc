// What a replica does with what the other one and the witness say.
#include <algorithm>

#include "model/tcp/host/pair.h"

namespace poise::tcp {

void Pair::send(PeerId peer, const StreamMessage& message) {
  Message out{Message::Kind::bytes, peer, {}};
  write_message(out.bytes, message);
  messages_.push(std::move(out));
}

Hello Pair::greeting() const {
  const bool active = role_ == Role::active;
  const Lsn logged = active ? logged_ : complete_ ? applied_ : 0;
  return {1, epoch_, logged, active, replication_.index};
}

// What was applied stays: it is what was acknowledged.
void Pair::hang_up(Instant now, PeerId peer, const char* why) {
  notice("hung-up", peer == kReplicaPeer ? "replica" : "witness", why);
  messages_.push({Message::Kind::close, peer, {}});
  lose(now, peer);
}

// A stream is over, whoever ended it: it is opened again by who opens it.
void Pair::lose(Instant now, PeerId peer) {
  const Instant retry = now + 4 * replication_.heartbeat;
  if (peer == kWitnessPeer) {
    witness_up_ = false;
    witness_reopen_at_ = retry;
    return;
  }
  peer_up_ = peer_idle_ = snapshot_missed_ = false;
  if (replication_.opens) reopen_at_ = retry;
}

void Pair::on_peer(Instant now, PeerId peer, PeerEvent event) {
  lose(now, peer);
  const bool up = event == PeerEvent::up;
  if (peer == kWitnessPeer) {
    from_witness_ = {};
    if (!up) return;
    witness_up_ = true;
    witness_reopen_at_ = kNever;
    send(kWitnessPeer, greeting());
    // It may have been granted without our hearing of it: until it is answered, it stands.
    if (claimed_) send(kWitnessPeer, *claimed_);
    claimed_at_ = now;
    if (role_ == Role::standby && complete_) watch_active(now);
    return;
  }
  from_peer_ = {};
  if (up) {
    peer_up_ = true;
    heard_at_ = now;
    reopen_at_ = kNever;
    send(kReplicaPeer, greeting());
    return;
  }
  if (role_ == Role::active) watch_standby(now);
  if (role_ == Role::standby && complete_) watch_active(now);
}

void Pair::on_message(Instant now, PeerId peer, std::span<const std::uint8_t> bytes) {
  MessageReader& reader = peer == kReplicaPeer ? from_peer_ : from_witness_;
  const bool& up = peer == kReplicaPeer ? peer_up_ : witness_up_;
  if (!up) return;  // it was hung up on, and this was under way
  reader.feed(bytes);
  if (peer == kReplicaPeer) heard_at_ = now, excuses_ = 0;
  while (up) {  // a message may end it: then what lies behind is not heard
    const auto message = reader.next();
    if (!message) break;
    on_stream_message(now, peer, *message);
  }
  if (up && reader.failed()) hang_up(now, peer, "not a message");
  if (std::exchange(ack_due_, false) && peer_up_)
    send(kReplicaPeer, Acknowledgment{epoch_, applied_});
}

void Pair::on_stream_message(Instant now, PeerId peer, const StreamMessage& message) {
  if (const auto* heartbeat = std::get_if<Heartbeat>(&message))
    on_heartbeat(now, peer, *heartbeat);
  else if (const auto* ruling = std::get_if<Ruling>(&message))
    on_ruling(now, *ruling);
  else if (peer != kReplicaPeer)
    return;
  else if (const auto* batch = std::get_if<Batch>(&message))
    on_batch(now, *batch);
  else if (const auto* acknowledgment = std::get_if<Acknowledgment>(&message))
    on_acknowledgment(now, *acknowledgment);
  else if (const auto* hello = std::get_if<Hello>(&message))
    on_hello(now, *hello);
  else if (const auto* begin = std::get_if<SnapshotBegin>(&message))
    on_snapshot_begin(now, *begin);
  else if (const auto* end = std::get_if<SnapshotEnd>(&message))
    on_snapshot_end(now, *end);
  else if (const auto* handover = std::get_if<Handover>(&message))
    on_handover(now, *handover);
}

void Pair::on_hello(Instant now, const Hello& hello) {
  peer_idle_ = !hello.active && hello.logged == 0;
  if (hello.active && role_ == Role::active) {
    if (hello.epoch > epoch_)
      be_fenced(now, hello.epoch);
    else
      send(kReplicaPeer, greeting());
    return;
  }
  if (hello.active) {
    if (role_ == Role::fenced) role_ = Role::standby;
    epoch_ = std::max(epoch_, hello.epoch);
    decide_at_ = kNever;
    return;
  }
  if (role_ == Role::active) {
    attach(now);
    return;
  }
  epoch_ = std::max(epoch_, hello.epoch);
  if (decide_at_ != kNever && peer_idle_) {
    decide(now);
    if (role_ == Role::active) attach(now);
  }
}

void Pair::on_snapshot_begin(Instant now, const SnapshotBegin& snapshot) {
  if (role_ == Role::active && snapshot.epoch <= epoch_) return;
  // It may have been granted: then what is here is all that there is of what clients were told.
  if (claimed_ && claimed_->takeover) {
    snapshot_missed_ = true;
    return;
  }
  if (role_ == Role::active) be_fenced(now, snapshot.epoch);
  role_ = Role::standby;
  epoch_ = std::max(epoch_, snapshot.epoch);
  decide_at_ = kNever;
  snapshot_missed_ = false;
  complete_ = false;
  table_.clear();
  applied_ = snapshot.lsn - 1;
  ack_due_ = true;
}

void Pair::on_snapshot_end(Instant now, const SnapshotEnd& snapshot) {
  if (role_ != Role::standby || snapshot_missed_) return;
  if (snapshot.lsn != applied_) return hang_up(now, kReplicaPeer, "a snapshot with a gap");
  complete_ = true;
  ack_due_ = true;
  notice("standby", std::to_string(epoch_), std::to_string(table_.count()) + " connections");
}

void Pair::on_batch(Instant now, const Batch& batch) {
  if (role_ != Role::standby || batch.epoch < epoch_ || snapshot_missed_) return;
  if (batch.first != applied_ + 1) return hang_up(now, kReplicaPeer, "a log with a gap");
  for (const Record& record : batch.records) {
    if (!apply(record)) {
      if (table_.at(record.slot)) table_.close(record.slot);  // half changed: nothing to be told
      return hang_up(now, kReplicaPeer, "a record that does not fit");
    }
    ++applied_;
  }
  ack_due_ = true;
}

bool Pair::apply(const Record& record) {
  if (record.gone) {
    if (!table_.at(record.slot)) return false;
    table_.close(record.slot);
    return true;
  }
  if (record.opened) {
    const Listener* listener = seat_(config_, record.opened->key);
    if (!listener || !table_.open_at(record.slot, record.opened->key, listener->connection,
                                     listener->application))
      return false;
  }
  Connection* connection = table_.at(record.slot);
  return connection && connection->apply(record);
}

void Pair::on_acknowledgment(Instant now, const Acknowledgment& acknowledgment) {
  if (role_ != Role::active || !attached_ || acknowledgment.lsn > logged_) return;
  commit(now, acknowledgment.lsn);
  if (role_ != Role::active || !alone_ || !snapshot_ended_ || committed_ < snapshot_lsn_) return;
  if (replication_.witness) {
    if (witness_up_ && !claimed_) claim(now, false, false);
    return;
  }
  alone_ = false;
  notice("protected", std::to_string(epoch_), "");
}

void Pair::on_heartbeat(Instant now, PeerId peer, const Heartbeat& heartbeat) {
  if (heartbeat.answer) {
    if (role_ == Role::active && heartbeat.epoch == epoch_ && !handing_over_)
      lease_.granted(instant_from_ns(static_cast<std::int64_t>(heartbeat.sent_ns)));
    if (role_ == Role::active && alone_ && peer == kReplicaPeer && attached_ && snapshot_ended_)
      on_acknowledgment(now, {epoch_, committed_});  // asks the witness again
    return;
  }
  if (peer != kReplicaPeer || heartbeat.epoch < epoch_ || claimed_) return;
  if (replication_.witness && !ruled_) return;  // it may be an epoch that we ended in another life
  if (role_ == Role::active) {
    if (heartbeat.epoch > epoch_) be_fenced(now, heartbeat.epoch);
    return;
  }
  epoch_ = heartbeat.epoch;
  promise_.granted(now);
  peer_clock_ = heartbeat.timestamp_clock;
  peer_clock_at_ = now;
  Heartbeat answer = heartbeat;
  answer.answer = true;
  send(kReplicaPeer, answer);
}

void Pair::on_handover(Instant now, const Handover& handover) {
  if (role_ != Role::standby || !complete_ || handover.lsn != applied_) return;
  promise_.released();
  heard_at_ = now - replication_.missed_max * replication_.heartbeat;
  claimed_at_ = {};
  watch_active(now);
}

void Pair::on_ruling(Instant now, const Ruling& ruling) {
  std::optional<Claim> claim;
  ruled_ = true;
  if (claimed_ && ruling.claim_ns == claimed_->sent_ns) claim.swap(claimed_);
  const bool ours = ruling.holder == replication_.index && ruling.epoch > 0;
  if (ours && claim && ruling.granted && ruling.epoch == claim->epoch) {
    if (role_ != Role::active) {
      if (!complete_) table_.clear();  // half a snapshot: nothing that a client could be told
      complete_ ? take_over(now, ruling.epoch) : become_active(now, ruling.epoch);
      if (peer_up_ && peer_idle_) attach(now);
    } else if (ruling.alone) {
      go_alone(now, ruling.epoch);
    } else {
      epoch_ = ruling.epoch;
      alone_ = false;
      notice("protected", std::to_string(epoch_), "");
    }
    lease_.granted(claimed_at_);
    return;
  }
  if (claim && snapshot_missed_) hang_up(now, kReplicaPeer, "to hear it all again");
  if (ruling.epoch < epoch_) return;
  if (role_ == Role::active && !ours && (ruling.epoch > epoch_ || ruling.holder != kNobody))
    return be_fenced(now, ruling.epoch);
  // An older life of ours, or the other replica, holds it: what is known here may be old.
  if (role_ == Role::standby && ruling.epoch > epoch_) {
    if (ruling.alone) complete_ = false;
    epoch_ = ruling.epoch;
  }
  if (role_ == Role::active && ours && ruling.epoch > epoch_) {
    if (ruling.alone)
      go_alone(now, ruling.epoch);
    else
      epoch_ = ruling.epoch;
  }
}

}  // namespace poise::tcp
