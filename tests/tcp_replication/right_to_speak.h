// Two replicas and a witness in every order of events: who may emit, and can it ever be both?
//
// Leases, promises and the witness are the real ones; the replicas keep the rules of a host's
// pair, with their choices left open: whatever a rule allows, some path does. Streams lose and
// break, clocks run apart by all of the drift, replicas and the witness begin anew.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "model/tcp/replication/witness.h"

namespace poise::tcp {

// The rules, each of which can be left out: then there must be a path to a violation.
struct Rules {
  bool promise_counts_drift = true;         // R14
  bool lease_from_sending = true;           // R14: not from when the answer came
  bool witness_waits = true;                // W3: for its promise to pass
  bool standby_waits = true;                // R13: the same of its own
  bool claimant_promises_nothing = true;    // answers no heartbeat while its claim is open
  bool witness_waits_after_restart = true;  // W6
  bool newcomer_asks_first = true;          // promises nothing before it has heard the witness
  bool alone_is_final = true;               // W3: nobody takes over from who is alone
  bool handover_surrenders = true;
};

struct Bounds {
  int ticks = 3;
  int claims = 2;
  int witness_restarts = 0;
  int replica_restarts = 0;
  int stream_breaks = 0;
  std::size_t state_count_max = 1'000'000;
};

struct Finding {
  std::string violation;  // empty: none
  std::vector<std::string> path;
  std::size_t state_count = 0;
  bool exhausted = true;  // all states within the bounds were seen
};

// `rates`: how much each clock (replica 0, replica 1, witness) advances in a tick: 4 or 5, the
// drift being a quarter.
Finding explore(const Rules& rules, const Bounds& bounds, std::array<int, 3> rates);

}  // namespace poise::tcp
