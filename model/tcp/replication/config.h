// Who the replicas are to each other, and when an output may leave.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "model/time.h"

namespace poise::tcp {

// alone: no replication. active: serves and logs. standby: applies the log, silent. fenced: has
// lost its epoch, silent; starts anew as a standby.
enum class Role : std::uint8_t { alone, active, standby, fenced };

// When may an output leave that depends on a record?
enum class CommitPolicy : std::uint8_t {
  none,          // there is no log
  asynchronous,  // at once; the standby is behind by what was not acknowledged
  output,        // when the standby has acknowledged the record (the default)
  input,         // inputs wait for the standby before they are looked at, outputs do not (HA/TCP)
  ftcp,  // when acknowledged, or 50 ms later all the same, and never sent again (ftcp's flaw)
};
// As plans and settings spell them, in the order of the values.
inline constexpr std::array<std::string_view, 5> kCommitPolicyWords{"none", "asynchronous",
                                                                    "output", "input", "ftcp"};

struct ReplicationConfig {
  CommitPolicy policy = CommitPolicy::none;
  Role role = Role::alone;  // to begin with: alone, active or standby
  std::uint32_t index = 0;  // which of the two replicas this is, for life: 0 or 1
  bool opens = false;       // this replica opens the stream to the other (one of the two does)
  bool witness = false;     // there is a witness: leases and epochs come from it as well
  Duration heartbeat = std::chrono::milliseconds{5};
  std::uint32_t missed_max = 3;  // heartbeats; then the other replica is suspected
  // An active may emit until this long after it sent the heartbeat that was answered last. At most
  // missed_max heartbeats less the drift, so that a takeover need not wait for it.
  Duration lease = std::chrono::milliseconds{12};
  double drift = 0.001;                   // of the replicas' clocks against each other, at most
  std::uint32_t log_size_max = 8u << 20;  // bytes unacknowledged by the standby: then what
                                          // changes waits, and with it what may be told
};

}  // namespace poise::tcp
