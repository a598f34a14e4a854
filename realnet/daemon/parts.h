// What the roles build their daemons from: settings as the parts want them.
#pragma once

#include <string>

#include "model/machine.h"
#include "realnet/control/credentials.h"
#include "realnet/daemon/log/log.h"
#include "realnet/daemon/settings/settings.h"
#include "realnet/packets/nfqueue.h"
#include "realnet/packets/shard.h"

namespace poise::realnet {

// Throws SystemError when a file cannot be read or is open to others.
Credentials credentials_of(const CredentialSettings& settings);

// The queue with this number among the role's, from 0.
QueueSettings queue_of(const PacketSettings& settings, std::uint32_t index);

// The drawn seed when none is given; it is logged.
std::uint64_t seed_of(std::uint64_t given, Log& log);

// A machine's notice as a line of the log: loss and refusal are warnings.
void write_notice(Log& log, const Notice& notice);

// Writes a file whole or not at all, mode 0600. Throws SystemError.
void write_file(const std::string& path, std::string_view text);

}  // namespace poise::realnet
