// The settings with their defaults, made in one place.
#include "realnet/daemon/settings/settings.h"

namespace poise::realnet {

BalancerSettings::BalancerSettings() = default;
AgentSettings::AgentSettings() = default;

}  // namespace poise::realnet
