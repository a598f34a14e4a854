// What the daemons of a plan are told.
#include "realnet/lab/daemon_settings.h"

#include <sys/stat.h>

#include <fstream>

#include "model/scenario/machine_config.h"
#include "realnet/daemon/settings/print.h"
#include "realnet/daemon/settings/settings.h"
#include "realnet/system/error.h"

namespace poise::realnet::lab {

namespace {

// Plain control streams: who else is in a run's network?
template <class Settings>
void set_common(Settings& settings, const LifeFolder& folder) {
  settings.seed = settings.machine.seed;
  settings.interface = "lo";
  settings.record = folder.record();
  settings.credentials.plain = true;
  settings.state.folder = folder.path;
  settings.operator_side.socket = folder.socket();
}

}  // namespace

void LifeFolder::make() const {
  ::mkdir("/run/poise", 0755);
  checked(::mkdir(path.c_str(), 0700), "mkdir " + path);
}

void write_text(const std::string& path, const std::string& text) {
  std::ofstream file(path, std::ios::binary);
  if (!(file << text << std::flush)) throw SystemError("write " + path, "the disk is full or dead");
}

std::string balancer_settings(const scenario::Plan& plan, const scenario::Topology& topology,
                              scenario::NodeId node, const LifeFolder& folder) {
  BalancerSettings settings;
  settings.machine = scenario::balancer_config(plan, topology, node);
  settings.policy = scenario::policy_config(plan);
  settings.listen = {settings.machine.address, kControlPort};
  set_common(settings, folder);
  return print(Loaded<BalancerSettings>{settings, {}});
}

std::string agent_settings(const scenario::Plan& plan, const scenario::Topology& topology,
                           scenario::NodeId node, const LifeFolder& folder, Instant begin_at) {
  AgentSettings settings;
  settings.begin_at = begin_at.time_since_epoch();
  settings.attach = plan.service.server == "host";  // no kernel holds the VIP of failover TCP
  settings.machine = scenario::agent_config(plan, topology, node);
  for (const Address& balancer : settings.machine.balancers)
    settings.balancers.push_back({balancer, kControlPort});
  set_common(settings, folder);
  return print(Loaded<AgentSettings>{settings, {}});
}

}  // namespace poise::realnet::lab
