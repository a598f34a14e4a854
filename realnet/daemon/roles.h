// The lives of poised: one function a role, that returns when it was told to stop.
#pragma once

#include <functional>

#include "realnet/daemon/settings/settings.h"
#include "realnet/daemon/settings/tcp_settings.h"

namespace poise::realnet {

// Runs until SIGTERM or SIGINT; the exit status. `read_again` reads all layers of the settings anew
// for a reload and throws SettingsError or SystemError. Throws SystemError when the role cannot
// start.
int run_balancer(const BalancerSettings& settings,
                 const std::function<BalancerSettings()>& read_again);
int run_agent(const AgentSettings& settings, const std::function<AgentSettings()>& read_again);
int run_tcp_server(const TcpServerSettings& settings,
                   const std::function<TcpServerSettings()>& read_again);
int run_witness(const WitnessSettings& settings,
                const std::function<WitnessSettings()>& read_again);

}  // namespace poise::realnet
