// The rules of the settings of failover TCP.
#include <algorithm>

#include "model/scenario/schema.h"
#include "realnet/daemon/settings/rules.h"

namespace poise::realnet {
namespace {

using scenario::to_toml;

template <class Settings>
void check_lease(const Settings& settings, const Complain& complain) {
  const tcp::ReplicationConfig& config = settings.replication;
  const Duration silence{static_cast<Duration::rep>(
      static_cast<double>((config.missed_max * config.heartbeat).count()) * (1 - config.drift))};
  if (config.lease > silence)
    complain(
        "replication.lease_s",
        "replication.lease_s is " + to_toml(config.lease) + "; allowed: at most " +
            to_toml(silence) +
            ", which is missed_max heartbeats less the drift: a takeover must not wait for it");
  if (config.lease <= config.heartbeat)
    complain("replication.lease_s", "replication.lease_s is " + to_toml(config.lease) +
                                        "; allowed: more than replication.heartbeat_s, which is " +
                                        to_toml(config.heartbeat));
}

void check_listen(const std::vector<Endpoint>& listen, const Complain& complain) {
  if (listen.empty())
    complain("vip.listen",
             "vip.listen is not given; expected addresses with ports, such as "
             "[\"10.0.0.50:9999\"]");
  for (std::size_t i = 0; i < listen.size(); ++i) {
    if (listen[i].address.is_unspecified())
      complain("vip.listen", "vip.listen names " + listen[i].address.to_string() +
                                 "; expected the service's own address");
    const auto before = listen.begin() + static_cast<std::ptrdiff_t>(i);
    if (std::find(listen.begin(), before, listen[i]) != before)
      complain("vip.listen", "vip.listen names " + listen[i].to_string() + " twice");
  }
}

void check_failover(const TcpServerSettings& settings, const Complain& complain) {
  const std::vector<Endpoint>& replicas = settings.replicas;
  if (replicas.size() != 2)
    complain("replication.replicas", "replication.replicas names " +
                                         std::to_string(replicas.size()) +
                                         "; expected the two hosts, such as [\"10.0.0.1\", "
                                         "\"10.0.0.2\"]");
  else if (replicas[0].address == replicas[1].address)
    complain("replication.replicas", "replication.replicas names one host twice");
  else if (replicas[0].address.family() != replicas[1].address.family())
    complain("replication.replicas", "replication.replicas names hosts of two families");
  if (settings.secret_file.empty())
    complain("replication.secret_file",
             "replication.secret_file is not given; expected a file of 32 hexadecimal digits, the "
             "same on both hosts");
  if (settings.replication.policy == tcp::CommitPolicy::none)
    complain("replication.policy", "replication.policy is \"none\"; for that, tcp is \"alone\"");
  if (settings.replication.policy == tcp::CommitPolicy::input)
    complain("replication.policy",
             "replication.policy is \"input\", which only simulated hosts carry out; allowed: "
             "asynchronous, output, ftcp");
  check_credentials(settings.credentials, true, complain);
  check_lease(settings, complain);
}

}  // namespace

void check(const TcpServerSettings& settings, const Complain& complain) {
  check_name(settings.name, complain);
  check_listen(settings.listen, complain);
  if (settings.service == Service::files && settings.folder.empty())
    complain("folder", "folder is not given; expected an absolute path");
  if (settings.tcp == TcpKind::failover) return check_failover(settings, complain);
  if (!settings.pair.empty())
    complain("agent.pair", "agent.pair is " + to_toml(scenario::Value(settings.pair)) +
                               "; allowed: \"\" where tcp is \"alone\"");
  if (settings.standby)
    complain("standby", "standby is true; allowed: false where tcp is \"alone\"");
}

void check(const WitnessSettings& settings, const Complain& complain) {
  check_name(settings.name, complain);
  if (settings.listen == Endpoint{})
    complain("listen", "listen is not given; expected an address, such as \"10.0.0.3\"");
  check_credentials(settings.credentials, false, complain);
  check_lease(settings, complain);
}

}  // namespace poise::realnet
