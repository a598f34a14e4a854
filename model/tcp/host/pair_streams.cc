// The streams of a replica: up, over, hung up on; and which word is for whom.
#include <algorithm>
#include <utility>

#include "model/tcp/host/pair.h"

namespace poise::tcp {

void Pair::send(PeerId peer, const StreamMessage& message) {
  std::string bytes;
  write_message(bytes, message);
  messages_.push_bytes(peer).append(
      {reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()});
}

Hello Pair::greeting() const {
  const bool active = role_ == Role::active;
  const Lsn logged = active ? logged_ : complete_ ? std::max<Lsn>(applied_, 1) : 0;  // 0: nothing
  return {1, epoch_, logged, active, replication_.index};
}

// What was applied stays: it is what was acknowledged.
void Pair::hang_up(Instant now, PeerId peer, const char* why) {
  notice("hung-up", peer == kReplicaPeer ? "replica" : "witness", why);
  messages_.push(Message::Kind::close, peer);
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

}  // namespace poise::tcp
