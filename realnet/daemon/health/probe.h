// One look at a service.
#pragma once

#include <chrono>
#include <string>

#include "model/address.h"
#include "realnet/daemon/settings/settings.h"

namespace poise::realnet {

// Empty: it is well; else why not, such as "connect to 10.0.0.50:80: Connection refused",
// "GET http://10.0.0.50/health: status 500", "/usr/bin/check: status 2". `host`: where a check by
// TCP connects. Takes at most `timeout`.
std::string probe(const HealthCheck& check, const Address& host, std::chrono::milliseconds timeout);

}  // namespace poise::realnet
