// Feeds the record of a real daemon to the same machine offline.
#include "realnet/replay/replay.h"

#include <vector>

#include "model/balancer/agent.h"
#include "model/balancer/balancer.h"
#include "model/balancer/recorded.h"
#include "realnet/daemon/settings/load.h"
#include "realnet/system/error.h"
#include "realnet/system/file.h"

namespace poise::realnet {

namespace {

void demand_equal(const std::string& record, std::uint64_t recorded, std::uint64_t given) {
  if (recorded != given)
    throw SystemError("replay " + record, "it was made with other settings than these");
}

template <class M>
RecordReplay replay_on(M& machine, std::span<const std::uint8_t> bytes, const std::string& record) {
  const ReplayReport report = replay(bytes, machine);
  RecordReplay result{
      .events = report.events, .packets = report.packets, .diverged_at = report.diverged_at};
  if (report.is_cut) {
    result.identical = report.diverged_at == 0;
  } else {
    if (!report.error.empty()) throw SystemError("replay " + record, report.error);
    result.ended = true;
    result.identical = report.identical;
  }
  return result;
}

}  // namespace

std::string RecordReplay::to_string() const {
  const std::string counts =
      std::to_string(events) + " events, " + std::to_string(packets) + " packets: ";
  if (diverged_at != 0)
    return counts + "the outputs of event " + std::to_string(diverged_at) + " differ";
  if (!identical) return counts + "every output is the same, and the digest at the end differs";
  return counts + (ended ? "every output and the digest at the end are the same"
                         : "every output is the same; the daemon was killed before the end");
}

RecordReplay replay_record(const std::string& record, const std::string& settings) {
  const std::vector<std::uint8_t> bytes = read_bytes(record);
  const RecordReader reader(bytes);
  if (!reader.error().empty()) throw SystemError("replay " + record, reader.error());
  const Sources sources{.file = settings.empty() ? record + ".toml" : settings};
  RecordReplay result;
  if (reader.machine() == RecordedMachine::balancer) {
    BalancerSettings loaded = load_balancer(sources).settings;
    loaded.machine.seed = loaded.seed;
    demand_equal(record, reader.configuration(),
                 configuration_digest(loaded.machine, loaded.policy));
    Balancer machine(loaded.machine, policy::make(loaded.policy));
    result = replay_on(machine, bytes, record);
  } else {
    AgentSettings loaded = load_agent(sources).settings;
    loaded.machine.seed = loaded.seed;
    demand_equal(record, reader.configuration(), configuration_digest(loaded.machine));
    Agent machine(loaded.machine);
    result = replay_on(machine, bytes, record);
  }
  result.machine = reader.machine();
  return result;
}

}  // namespace poise::realnet
