// What a replica does with what the other one and the witness say.
#include <algorithm>

#include "model/tcp/host/pair.h"

namespace poise::tcp {

void Pair::on_hello(Instant now, const Hello& hello) {
  if (hello.version != greeting().version)
    return hang_up(now, kReplicaPeer, "another version of the stream");
  peer_idle_ = !hello.active && hello.logged == 0;
  if (hello.active && role_ == Role::active) {
    const bool both = hello.epoch == epoch_;  // an operator's doing: the second one yields
    if (hello.epoch > epoch_ || (both && hello.replica < replication_.index))
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
  if (peer_idle_ && !complete_) on_both_idle(now);
}

// Neither has anything that a client was told. Who is meant to begin does so at once; else both ask
// the witness, and without one it is the first, when the other has had its time.
void Pair::on_both_idle(Instant now) {
  if (role_ == Role::fenced) role_ = Role::standby;
  if (decide_at_ == kNever) {
    if (replication_.witness || replication_.index == 0) decide_at_ = now + decision_time();
    return;
  }
  decide(now);
  if (role_ == Role::active) attach(now);
}

void Pair::on_snapshot_begin(Instant now, const SnapshotBegin& snapshot) {
  if (role_ == Role::active && snapshot.epoch <= epoch_) return;
  if (snapshot.connection_count_max > config_.connection_count_max)
    return hang_up(now, kReplicaPeer, "its connections_max is larger than ours");
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
  complete_ = relied_on_ = false;
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
  if (witness_up_) send(kWitnessPeer, greeting());  // who has something is not idle any more
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
  beat_at_ = now;  // the standby may take over once it knows
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
  if (role_ != Role::active) {
    peer_clock_ = heartbeat.timestamp_clock;
    peer_clock_at_ = now;
  }
  if (replication_.witness && !ruled_) return;  // it may be an epoch that we ended in another life
  if (role_ == Role::active) {
    if (heartbeat.epoch > epoch_) be_fenced(now, heartbeat.epoch);
    return;
  }
  epoch_ = heartbeat.epoch;
  relied_on_ = !heartbeat.alone;
  promise_.granted(now, heartbeat.lease());
  Heartbeat answer = heartbeat;
  answer.answer = true;
  send(kReplicaPeer, answer);
}

void Pair::on_handover(Instant now, const Handover& handover) {
  if (role_ != Role::standby || !complete_ || handover.lsn != applied_) return;
  promise_.released();
  relied_on_ = true;
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
  // Granted, and the answer was lost with its stream: it is asked again (rule W7).
  if (claimed_ && ours && ruling.epoch == claimed_->epoch) return;
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
