// The lives of poised.
#include "realnet/daemon/roles.h"

#include "realnet/daemon/agent_role.h"
#include "realnet/daemon/balancer_role.h"

namespace poise::realnet {

int run_balancer(const BalancerSettings& settings,
                 const std::function<BalancerSettings()>& read_again) {
  return BalancerRole(settings, read_again).run();
}

int run_agent(const AgentSettings& settings, const std::function<AgentSettings()>& read_again) {
  return AgentRole(settings, read_again).run();
}

}  // namespace poise::realnet
