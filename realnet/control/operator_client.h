// The other end of an operator's socket: asks a daemon, and waits for what it says.
#pragma once

#include <chrono>
#include <nlohmann/json.hpp>
#include <string>

#include "realnet/system/error.h"

namespace poise::realnet {

// There is no daemon, or none that answers in time.
class NoAnswer : public SystemError {
 public:
  using SystemError::SystemError;
};

// One request, one answer. Throws NoAnswer: "connect to /run/poise/balancer.sock: Connection
// refused (no daemon listens there)", "wait for an answer: none came within 10 s".
nlohmann::ordered_json ask(const std::string& path, const nlohmann::ordered_json& request,
                           std::chrono::milliseconds timeout);

}  // namespace poise::realnet
