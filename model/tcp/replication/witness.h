// The third vote: a machine that grants epochs of replicated servers, one holder at a time.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <span>

#include "model/balancer/outbox.h"
#include "model/machine.h"
#include "model/tcp/replication/lease.h"
#include "model/tcp/replication/stream.h"

namespace poise::tcp {

// Holds one group (a pair of replicas). Its peers are the replicas' streams, at most kPeersMax.
// What it grants, and when:
//
//   W1  An epoch only if it is the newest known and one, and only to one replica.
//   W2  To the holder of the newest at any time: it goes on alone, or with its standby again.
//   W3  To the other replica as a takeover, if the newest is not `alone` (then the other has all
//       that was told), and the promise to the holder has passed (R13, R14).
//   W4  To anyone without a takeover, if there is no epoch yet, or its holder or both replicas have
//       nothing any more, once the promise has passed.
//   W5  A heartbeat of the holder at the newest epoch is answered (a lease) and renews the promise;
//       any other is answered with a Ruling, from which its sender learns that it is fenced.
//   W6  Who starts may have promised before: nothing is granted until a promise made then would
//       have passed. Epoch, holder and `alone` come back from the replicas' words; a takeover waits
//       for the holder's own.
//   W7  A claim that is sent again after a broken stream is answered as it was.
//
// Notices: "epoch" (subject: the epoch, detail: the holder, and "alone"), "hung-up" (subject: the
// peer, detail: why).
class Witness {
 public:
  static constexpr std::size_t kPeersMax = 16;

  explicit Witness(const ReplicationConfig& config);

  void start(Instant now);
  void on_peer(Instant now, PeerId peer, PeerEvent event);
  void on_message(Instant now, PeerId peer, std::span<const std::uint8_t> bytes);
  void on_timer(Instant) {}
  std::optional<Packet> next_transmit() { return std::nullopt; }
  std::optional<Message> next_message() { return messages_.next(); }
  std::optional<Notice> next_notice() { return notices_.next(); }
  Instant next_deadline() const { return kNever; }  // it only answers

  std::uint64_t epoch() const { return epoch_; }  // the newest known
  std::optional<std::uint32_t> holder() const { return holder_; }
  std::uint64_t digest() const;

 private:
  struct Peer {
    MessageReader reader;
    std::optional<std::uint32_t> replica;  // as its Hello said
  };

  void on_hello(PeerId peer, const Hello& hello);
  void on_heartbeat(Instant now, PeerId peer, const Heartbeat& heartbeat);
  void on_claim(Instant now, PeerId peer, const Claim& claim);
  void on_handover(std::uint32_t replica, const Handover& handover);
  void learn(std::uint64_t epoch, std::optional<std::uint32_t> active);
  bool may_promise(Instant now, std::uint32_t replica) const;
  bool may_have(Instant now, const Claim& claim) const;
  void promise(Instant now, std::uint32_t replica, Duration lease = {});
  void rule(PeerId peer, bool granted, std::uint64_t claim_ns);
  void send(PeerId peer, const StreamMessage& message);
  void hang_up(PeerId peer, const char* why);

  std::map<PeerId, Peer> peers_;
  std::uint64_t epoch_ = 0;
  std::optional<std::uint32_t> holder_;  // nothing: known from others only
  bool alone_ = true;                    // until its holder says otherwise
  bool holder_lost_all_ = false;
  std::array<bool, 2> idle_{};          // replicas that have nothing, as they said last
  std::uint64_t granted_claim_ns_ = 0;  // 0: the epoch was not granted in this life
  Promise promise_;
  std::optional<std::uint32_t> promised_to_;  // nothing: to whom is not known
  Queue<Message> messages_;
  Queue<Notice> notices_;
};

}  // namespace poise::tcp
