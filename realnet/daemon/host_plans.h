// What a role changes on its host, from its settings.
#pragma once

#include <string>
#include <vector>

#include "realnet/daemon/settings/settings.h"
#include "realnet/host/host_setup.h"

namespace poise::realnet {

HostPlan host_plan(const BalancerSettings& settings);
// `with_vips`: the agent's machine wants the VIPs on this host.
HostPlan host_plan(const AgentSettings& settings, bool with_vips);

// Where tunnels come and go: the interface that was given, or that has the address. "all" of them
// when the address is the host's as a whole (on its loopback, as routed data centres have it).
std::string tunnel_interface(const std::string& given, const Address& address);
// What balancers send to an agent's host.
std::vector<Match> tunnels_of(const AgentConfig& config);

// An earlier life of the agent left its VIPs on this host: they must not go while it starts.
bool holds_vips(const AgentSettings& settings);

}  // namespace poise::realnet
