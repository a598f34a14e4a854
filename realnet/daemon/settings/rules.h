// What one key cannot tell: rules between keys, and between a key and the machine.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "realnet/daemon/settings/settings.h"
#include "realnet/daemon/settings/tcp_settings.h"

namespace poise::realnet {

// Takes a key and what is wrong with it.
using Complain = std::function<void(std::string_view key, const std::string& text)>;

void check(const BalancerSettings& settings, const Complain& complain);
void check(const AgentSettings& settings, const Complain& complain);
void check(const TcpServerSettings& settings, const Complain& complain);
void check(const WitnessSettings& settings, const Complain& complain);

// What several roles have in common. `dials`: this role opens streams.
void check_name(std::string_view name, const Complain& complain);
void check_credentials(const CredentialSettings& given, bool dials, const Complain& complain);

// Fills in what follows from other keys: control.listen from the address, the machine's balancers
// from `balancers`, the policy's seed from hash_seed. REQUIRES: check() had no complaint.
void complete(BalancerSettings& settings);
void complete(AgentSettings& settings);
inline void complete(TcpServerSettings&) {}
inline void complete(WitnessSettings&) {}

}  // namespace poise::realnet
