// The settings as a daemon sees them, as TOML that reads back equal.
#pragma once

#include <string>

#include "realnet/daemon/settings/load.h"

namespace poise::realnet {

// Every key with its value, and in a comment where it came from.
std::string print(const Loaded<BalancerSettings>& loaded);
std::string print(const Loaded<AgentSettings>& loaded);
std::string print(const Loaded<TcpServerSettings>& loaded);
std::string print(const Loaded<WitnessSettings>& loaded);

}  // namespace poise::realnet
