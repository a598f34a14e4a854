// Writing and reading the line of a replica.
#include "model/balancer/replica.h"

#include <charconv>

#include "model/backend/backend_set.h"

namespace poise {

std::string replica_line(const ReplicaStatus& status) {
  return "REPLICA " + status.pair + ' ' + std::to_string(status.index) + ' ' +
         std::to_string(status.epoch) + (status.active ? " active" : " standby");
}

std::optional<ReplicaStatus> parse_replica(const Tokens& tokens) {
  if (tokens.count != 5 || tokens[0] != "REPLICA" || !is_backend_name(tokens[1])) return {};
  if (tokens[2] != "0" && tokens[2] != "1") return {};
  if (tokens[4] != "active" && tokens[4] != "standby") return {};
  ReplicaStatus status{.pair = std::string(tokens[1]),
                       .index = static_cast<std::uint8_t>(tokens[2] == "1"),
                       .active = tokens[4] == "active"};
  const std::string_view epoch = tokens[3];
  const auto [end, error] =
      std::from_chars(epoch.data(), epoch.data() + epoch.size(), status.epoch);
  if (error != std::errc{} || end != epoch.data() + epoch.size() || status.epoch > kEpochMax)
    return {};
  return status;
}

}  // namespace poise
