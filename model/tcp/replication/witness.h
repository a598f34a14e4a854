// The third vote: a machine that grants epochs of replicated servers, one holder at a time.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>

#include "model/machine.h"
#include "model/tcp/replication/lease.h"
#include "model/tcp/replication/stream.h"

namespace poise::tcp {

// Holds one group (a pair of replicas). Its peers are the replicas' streams. After a restart it
// grants nothing until a lease has passed, since it may have promised one before (its epoch comes
// back from what the replicas know). Notices: "epoch" (subject: the epoch, detail: the holder).
class Witness {
 public:
  explicit Witness(const ReplicationConfig& config);

  void start(Instant now);
  void on_peer(Instant now, PeerId peer, PeerEvent event);
  void on_message(Instant now, PeerId peer, std::span<const std::uint8_t> bytes);
  void on_timer(Instant now);
  std::optional<Packet> next_transmit() { return std::nullopt; }
  std::optional<Message> next_message();
  std::optional<Notice> next_notice();
  Instant next_deadline() const;

  std::uint64_t epoch() const;
  std::optional<std::uint32_t> holder() const;
  std::uint64_t digest() const;
};

}  // namespace poise::tcp
