// What the record of a daemon proves: fed to the same machine again, it tells all that the machine
// saw, decided and said.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "model/balancer/config.h"
#include "model/balancer/counters.h"
#include "model/machine.h"
#include "model/policy/policy.h"
#include "model/scenario/flow_log.h"
#include "model/time.h"

namespace poise::realnet::lab {

// The run that a record is read for.
struct RunSpan {
  Instant origin;       // the run's time zero on the daemon's clock
  Instant first_start;  // of a flow, in the run's time
  Instant end;          // in the run's time: what came later is compared, and else passed over
};

// All instants are the run's.
struct Evidence {
  struct Said {
    Instant at;
    Notice notice;
  };
  // A balancer forwarded a packet to a backend.
  struct Carried {
    Instant at;
    scenario::FlowLog::Carried packet;
  };
  // A backend entered a balancer's set of choices, or left it.
  struct Changed {
    Instant at;
    std::string backend;
  };
  std::vector<Said> said;
  std::vector<Carried> carried;
  std::vector<Changed> changed;
  std::optional<std::size_t> known_at_start;  // backends, when the first flow started
  std::vector<std::uint64_t> counts;          // by Count, at the end of the run
  std::uint64_t digest = 0;                   // likewise
  bool ended = false;                         // false: the daemon was killed
  std::uint64_t events = 0;
};

// Throws SystemError when the file is no record of a machine with this configuration, or when the
// machine does not do again, byte for byte, what the daemon's did.
Evidence examine_balancer(const std::string& record, const BalancerConfig& config,
                          const policy::Config& policy, const RunSpan& span);
Evidence examine_agent(const std::string& record, const AgentConfig& config, const RunSpan& span);

}  // namespace poise::realnet::lab
