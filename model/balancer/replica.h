// What a replica of a failover pair says of itself, and the line that says it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "model/balancer/line.h"

namespace poise {

inline constexpr std::size_t kPairSize = 2;  // replicas of a pair

inline constexpr std::uint64_t kEpochMax = std::uint64_t{1} << 62;

// A pair is two servers that keep one set of connections; its active one speaks, and each takeover
// has an epoch above all before it.
struct ReplicaStatus {
  std::string pair;         // a backend's name, shared by both
  std::uint8_t index = 0;   // which of the two: 0 or 1
  std::uint64_t epoch = 0;  // the newest it knows; of an active: its own
  bool active = false;      // it holds this epoch; otherwise it stands by

  friend bool operator==(const ReplicaStatus&, const ReplicaStatus&) = default;
};

// "REPLICA db 0 4 active", and back again; none: not such a line.
std::string replica_line(const ReplicaStatus& status);
std::optional<ReplicaStatus> parse_replica(const Tokens& tokens);

// Which replica a host is.
struct ReplicaSeat {
  std::string pair;  // empty: none
  std::uint8_t index = 0;

  friend bool operator==(const ReplicaSeat&, const ReplicaSeat&) = default;
};

// Who may be a replica of a pair: replica i is members[i], by the name that it registers under.
struct PairSeats {
  std::string pair;
  std::vector<std::string> members;  // kPairSize of them

  friend bool operator==(const PairSeats&, const PairSeats&) = default;
};

// A pair as an operator sees it.
struct PairView {
  std::uint64_t epoch = 0;             // the newest known
  std::uint64_t active_epoch = 0;      // of the active
  std::optional<std::uint8_t> active;  // who was the last to hold an epoch
  bool serves = false;                 // and still does
  std::string replicas[kPairSize];     // the names of their members; empty: never seen, or gone
};

}  // namespace poise
