// Epochs are granted one at a time, each to one replica, never before the last holder is silent.
#include "model/tcp/replication/witness.h"

#include <string>

namespace poise::tcp {

Witness::Witness(const ReplicationConfig& config) : promise_(config) {}

void Witness::start(Instant now) {
  promise_.granted(now);
}

void Witness::on_peer(Instant, PeerId peer, PeerEvent event) {
  peers_.erase(peer);
  if (event == PeerEvent::down) return;
  if (peers_.size() == kPeersMax) return hang_up(peer, "too many peers");
  peers_.emplace(peer, Peer{});
}

void Witness::on_message(Instant now, PeerId peer, std::span<const std::uint8_t> bytes) {
  const auto found = peers_.find(peer);
  if (found == peers_.end()) return;
  MessageReader& reader = found->second.reader;
  reader.feed(bytes);
  for (StreamMessage message; reader.next(message);) {
    const std::optional<std::uint32_t> replica = found->second.replica;
    if (const auto* hello = std::get_if<Hello>(&message)) {
      if (hello->replica > 1) return hang_up(peer, "not a replica");
      found->second.replica = hello->replica;
      on_hello(peer, *hello);
    } else if (!replica) {
      return hang_up(peer, "did not say who it is");
    } else if (const auto* heartbeat = std::get_if<Heartbeat>(&message)) {
      on_heartbeat(now, peer, *heartbeat);
    } else if (const auto* claim = std::get_if<Claim>(&message)) {
      if (claim->replica != replica) return hang_up(peer, "claims for another");
      on_claim(now, peer, *claim);
    } else if (const auto* handover = std::get_if<Handover>(&message)) {
      on_handover(*replica, *handover);
    } else {
      return hang_up(peer, "not for a witness");
    }
  }
  if (reader.failed()) hang_up(peer, "not a message");
}

void Witness::on_hello(PeerId peer, const Hello& hello) {
  learn(hello.epoch, hello.active ? std::optional(hello.replica) : std::nullopt);
  // Its life that held the epoch is over, and nothing came after it.
  const bool idle = !hello.active && hello.logged == 0;
  if (holder_ == hello.replica && idle) holder_lost_all_ = true;
  idle_[hello.replica] = idle;
  rule(peer, false, 0);
}

void Witness::on_heartbeat(Instant now, PeerId peer, const Heartbeat& heartbeat) {
  const std::uint32_t replica = *peers_.at(peer).replica;
  if (heartbeat.answer) return;
  learn(heartbeat.epoch, replica);
  if (heartbeat.epoch != epoch_ || holder_ != replica) return rule(peer, false, 0);
  alone_ = heartbeat.alone;
  if (!may_promise(now, replica)) return;
  promise(now, replica, heartbeat.lease());
  Heartbeat answer = heartbeat;
  answer.answer = true;
  send(peer, answer);
}

// What another knows: an epoch newer than ours, granted in a life before this one.
void Witness::learn(std::uint64_t epoch, std::optional<std::uint32_t> active) {
  if (epoch > epoch_) {
    epoch_ = epoch;
    holder_.reset();
    alone_ = true;
    holder_lost_all_ = false;
    granted_claim_ns_ = 0;
  }
  if (epoch == epoch_ && epoch > 0 && !holder_) holder_ = active;
}

void Witness::on_claim(Instant now, PeerId peer, const Claim& claim) {
  const bool again = claim.epoch == epoch_ && claim.replica == holder_ && granted_claim_ns_ != 0 &&
                     claim.sent_ns == granted_claim_ns_;
  const bool granted = (again && may_promise(now, claim.replica)) || may_have(now, claim);
  if (granted) promise(now, claim.replica);
  if (granted && !again) {
    epoch_ = claim.epoch;
    holder_ = claim.replica;
    alone_ = claim.alone;
    holder_lost_all_ = false;
    idle_ = {};
    granted_claim_ns_ = claim.sent_ns;
    notices_.push({"epoch", std::to_string(epoch_),
                   "replica " + std::to_string(claim.replica) + (alone_ ? " alone" : "")});
  }
  rule(peer, granted, claim.sent_ns);
}

void Witness::on_handover(std::uint32_t replica, const Handover& handover) {
  if (replica == holder_ && promised_to_ == replica && handover.epoch == epoch_ + 1)
    promise_.released();
}

bool Witness::may_promise(Instant now, std::uint32_t replica) const {
  return promised_to_ == replica || promise_.passed(now);
}

bool Witness::may_have(Instant now, const Claim& claim) const {
  if (claim.epoch != epoch_ + 1 || !may_promise(now, claim.replica)) return false;
  if (epoch_ == 0 || holder_ == claim.replica) return true;
  return claim.takeover ? holder_ && !alone_ : holder_lost_all_ || (idle_[0] && idle_[1]);
}

void Witness::promise(Instant now, std::uint32_t replica, Duration lease) {
  promise_.granted(now, lease);
  promised_to_ = replica;
}

void Witness::rule(PeerId peer, bool granted, std::uint64_t claim_ns) {
  send(peer, Ruling{epoch_, holder_.value_or(kNobody), alone_, granted, claim_ns});
}

void Witness::send(PeerId peer, const StreamMessage& message) {
  Message out{Message::Kind::bytes, peer, {}};
  write_message(out.bytes, message);
  messages_.push(std::move(out));
}

void Witness::hang_up(PeerId peer, const char* why) {
  peers_.erase(peer);
  messages_.push({Message::Kind::close, peer, {}});
  notices_.push({"hung-up", std::to_string(peer), why});
}

std::uint64_t Witness::digest() const {
  Digest digest;
  digest.add(epoch_).add(holder_.value_or(kNobody)).add(alone_).add(holder_lost_all_);
  digest.add(idle_[0]).add(idle_[1]).add(granted_claim_ns_).add(promised_to_.value_or(kNobody));
  promise_.add_to(digest);
  for (const auto& [id, peer] : peers_) {
    digest.add(id).add(peer.replica.value_or(kNobody));
    peer.reader.add_to(digest);
  }
  return digest.value();
}

}  // namespace poise::tcp
