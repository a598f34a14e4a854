// The lives of poised.
#include "realnet/daemon/roles.h"

#include "realnet/daemon/agent_role.h"
#include "realnet/daemon/balancer_role.h"
#include "realnet/daemon/tcp_server_role.h"
#include "realnet/daemon/witness_role.h"

namespace poise::realnet {

int run_balancer(const BalancerSettings& settings,
                 const std::function<BalancerSettings()>& read_again) {
  return BalancerRole(settings, read_again).run();
}

int run_agent(const AgentSettings& settings, const std::function<AgentSettings()>& read_again) {
  return AgentRole(settings, read_again).run();
}

int run_tcp_server(const TcpServerSettings& settings,
                   const std::function<TcpServerSettings()>& read_again) {
  return TcpServerRole(settings, read_again).run();
}

int run_witness(const WitnessSettings& settings,
                const std::function<WitnessSettings()>& read_again) {
  return WitnessRole(settings, read_again).run();
}

}  // namespace poise::realnet
