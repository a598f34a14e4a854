// The settings of failover TCP with their defaults.
#include "realnet/daemon/settings/tcp_settings.h"

namespace poise::realnet {

namespace {

// A snapshot of many connections is said at once; what a peer may cost is the log's bound.
Limits stream_limits() {
  Limits limits;
  limits.own_name_only = false;  // nobody registers here
  limits.unsent_bytes_max = 256u << 20;
  limits.read_bytes = 64 * 1024;
  limits.connect_timeout = std::chrono::milliseconds{1000};
  return limits;
}

}  // namespace

TcpServerSettings::TcpServerSettings(Service of)
    : service(of),
      name(to_string(of)),
      limits(stream_limits()),
      operator_side{"/run/poise/" + std::string(to_string(of)) + ".sock"} {
  agent_socket = "/run/poise/agent.sock";
  replication.policy = tcp::CommitPolicy::output;
}

WitnessSettings::WitnessSettings() : limits(stream_limits()) {}

std::string_view to_string(Service service) {
  switch (service) {
    case Service::echo:
      return "echo";
    case Service::files:
      return "files";
    case Service::exchange:
      return "exchange";
  }
  return "";
}

}  // namespace poise::realnet
