// The log of an active: what changed becomes records, and what the standby has may be told.
#include <algorithm>

#include "model/check.h"
#include "model/tcp/host/pair.h"

namespace poise::tcp {

namespace {

constexpr std::size_t kBatchSize = kFrameMax / 4;  // bytes of payload in a frame, about
constexpr auto kFtcpTimeout = std::chrono::milliseconds{50};

}  // namespace

// A standby that could take over makes outputs wait; one that is still being told everything does
// not, because the epoch says that this replica is alone.
bool Pair::gated() const {
  return (snapshot_ended_ || !alone_) && replication_.policy != CommitPolicy::asynchronous;
}

void Pair::flush(Instant now) {
  if (!table_.has_dirty() && !attached_) return;
  if (!attached_) {
    while (const auto slot = table_.next_dirty()) {
      table_.at(*slot)->tell_all(now);
      table_.put_ready(*slot);
    }
    return;
  }
  if (!peer_up_) return;  // rule R4: stall, until the witness agrees to go on alone
  while (table_.has_dirty() && log_size() < replication_.log_size_max) write_batch(now);
  if (!table_.has_dirty() && !snapshot_ended_) end_snapshot();
}

void Pair::write_batch(Instant now) {
  const Lsn before = logged_;
  std::optional<BatchWriter> batch;  // begun with its first record
  while (!batch || batch->size() < kBatchSize) {
    const auto slot = table_.next_dirty();
    if (!slot) break;
    Connection& connection = *table_.at(*slot);
    Mark mark;
    const std::optional<Record> record = connection.log(*slot, mark);
    if (connection.dirty()) table_.put_dirty(*slot);
    if (!record) {  // nothing that a standby must know: a handshake
      connection.tell(now, mark);
      table_.put_ready(*slot);
      continue;
    }
    if (!batch) batch.emplace(messages_.push_bytes(kReplicaPeer), epoch_, logged_ + 1);
    POISE_CHECK(batch->add(*record));  // a frame has room for what one record is too much
    hold(*record);
    ++logged_;
    if (gated()) {
      outstanding_.push_back({logged_, *slot, table_.generation(*slot), mark});
      if (replication_.policy == CommitPolicy::ftcp && gate_opens_at_ == kNever)
        gate_opens_at_ = now + kFtcpTimeout;
    } else {
      connection.tell(now, mark);
      table_.put_ready(*slot);
    }
  }
  if (logged_ == before) return;
  batch->finish();
  logged_bytes_ += batch->size();
  sizes_.emplace_back(logged_, logged_bytes_);
}

// What the message lends of a connection must outlive the connection.
void Pair::hold(const Record& record) {
  if (record.sent) table_.pool().hold(record.sent->bytes);
  for (std::size_t i = 0; i < record.arrived_count; ++i)
    table_.pool().hold(record.arrived[i].bytes);
}

std::optional<LentMessage> Pair::lend_message() {
  std::optional<LentMessage> message = messages_.next();
  if (!message) table_.pool().release();  // nobody reads in its chunks any more
  return message;
}

// A standby came: it hears of every connection anew.
void Pair::attach(Instant now) {
  attached_ = true;
  snapshot_ended_ = false;
  heard_at_ = now;
  outstanding_.clear();
  sizes_.clear();
  committed_bytes_ = logged_bytes_;
  gate_opens_at_ = kNever;
  send(kReplicaPeer, SnapshotBegin{epoch_, logged_ + 1, config_.connection_count_max});
  table_.for_each([&](Slot slot, Connection& connection) {
    connection.log_afresh();
    table_.put_dirty(slot);
  });
  flush(now);
}

void Pair::end_snapshot() {
  snapshot_ended_ = true;
  snapshot_lsn_ = logged_;
  send(kReplicaPeer, SnapshotEnd{epoch_, logged_});
}

void Pair::commit(Instant now, Lsn lsn) {
  while (!outstanding_.empty() && outstanding_.front().lsn <= lsn) {
    const Outstanding& record = outstanding_.front();
    if (Connection* connection = table_.at(record.slot);
        connection && table_.generation(record.slot) == record.generation) {
      connection->tell(now, record.mark);
      table_.put_ready(record.slot);
    }
    outstanding_.pop_front();
  }
  committed_ = std::max(committed_, lsn);
  while (!sizes_.empty() && sizes_.front().first <= lsn) {
    committed_bytes_ = sizes_.front().second;
    sizes_.pop_front();
  }
  gate_opens_at_ = replication_.policy == CommitPolicy::ftcp && !outstanding_.empty()
                       ? now + kFtcpTimeout
                       : kNever;
  if (handing_over_ && committed_ == logged_ && !table_.has_dirty() && role_ == Role::active) {
    send(kReplicaPeer, Handover{epoch_ + 1, logged_});
    if (witness_up_) send(kWitnessPeer, Handover{epoch_ + 1, logged_});
    notice("handed-over", std::to_string(epoch_), "");
    be_fenced(now, epoch_);
  }
}

void Pair::tell_all(Instant now) {
  outstanding_.clear();
  sizes_.clear();
  committed_bytes_ = logged_bytes_;
  committed_ = logged_;
  gate_opens_at_ = kNever;
  table_.for_each([&](Slot slot, Connection& connection) {
    connection.tell_all(now);
    table_.put_ready(slot);
  });
}

}  // namespace poise::tcp
