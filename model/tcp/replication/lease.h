// Leases and epochs: who may speak, and until when (rules R4, R13, R14 of the README).
#pragma once

#include <cstdint>
#include <optional>

#include "model/hash.h"
#include "model/tcp/replication/config.h"
#include "model/time.h"

namespace poise::tcp {

// The active's right to emit. Each heartbeat that was answered, by the standby or by the witness,
// is a grant from the instant it was sent, by the active's own clock. One object an epoch: a new
// epoch begins without a lease.
class Lease {
 public:
  explicit Lease(const ReplicationConfig& config);
  void granted(Instant sent_at);
  void surrender();  // hands over: nothing may be emitted any more, whatever is still answered
  bool holds(Instant now) const;
  Instant end() const;
  void add_to(Digest& digest) const;

 private:
  Duration length_;
  Instant end_;
  bool surrendered_ = false;
};

// The promise of one who grants (standby or witness): until it has passed, by the granter's clock
// and with the drift on top, nobody else gets a grant.
class Promise {
 public:
  explicit Promise(const ReplicationConfig& config);
  // For our lease, or for the holder's if it says that its own is longer.
  void granted(Instant now, Duration lease = {});
  void released();  // the holder gave it back
  bool passed(Instant now) const;
  Instant end() const;
  void add_to(Digest& digest) const;

 private:
  Duration lease_;
  double drift_;
  Instant end_;
};

}  // namespace poise::tcp
