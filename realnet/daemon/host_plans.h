// What a role changes on its host, from its settings.
#pragma once

#include "realnet/daemon/settings/settings.h"
#include "realnet/host/host_setup.h"

namespace poise::realnet {

HostPlan host_plan(const BalancerSettings& settings);
// `with_vips`: the agent's machine wants the VIPs on this host.
HostPlan host_plan(const AgentSettings& settings, bool with_vips);

// An earlier life of the agent left its VIPs on this host: they must not go while it starts.
bool holds_vips(const AgentSettings& settings);

}  // namespace poise::realnet
