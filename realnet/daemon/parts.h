// What the roles build their daemons from: settings as the parts want them.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/balancer/command.h"
#include "model/balancer/replica.h"
#include "model/machine.h"
#include "realnet/control/credentials.h"
#include "realnet/daemon/log/log.h"
#include "realnet/daemon/settings/changes.h"
#include "realnet/daemon/settings/settings.h"
#include "realnet/packets/emission.h"
#include "realnet/packets/nfqueue.h"
#include "realnet/system/thread.h"

namespace poise::realnet {

// Throws SystemError when a file cannot be read or is open to others.
Credentials credentials_of(const CredentialSettings& settings);

// The queue with this number among the role's, from 0.
QueueSettings queue_of(const PacketSettings& settings, std::uint32_t index);

Emission emission_of(const PacketSettings& settings);

// How that queue's thread runs.
Seat seat_of(const PacketSettings& settings, std::uint32_t index);

// drain, pause ({"now":true}: at once; else it drains), resume, deregister; none: another word.
std::optional<Command::Kind> order_of(const nlohmann::json& request);
// What a server says of itself to its agent; none: it makes no sense.
std::optional<ReplicaStatus> replica_of(const nlohmann::json& request);

// What a reload did, as a sentence; what only a restart would change stands there by name.
std::string reloaded(const Changes& changes);

// The drawn seed when none is given; it is logged.
std::uint64_t seed_of(std::uint64_t given, Log& log);

// For people and their tables: to the millisecond.
double shown_seconds(Duration duration);

// A machine's notice as a line of the log: loss and refusal are warnings.
void write_notice(Log& log, const Notice& notice);

}  // namespace poise::realnet
