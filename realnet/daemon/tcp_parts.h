// What the roles of failover TCP are built from: settings as the parts want them.
#pragma once

#include <memory>
#include <string>

#include "model/tcp/application/application.h"
#include "model/tcp/host/host.h"
#include "realnet/control/operator_server.h"
#include "realnet/daemon/log/log.h"
#include "realnet/daemon/metrics/exposition.h"
#include "realnet/daemon/settings/tcp_settings.h"
#include "realnet/host/host_setup.h"
#include "realnet/host/interface.h"
#include "realnet/tcp/host_loop.h"

namespace poise::realnet {

// Throws SystemError.
std::unique_ptr<tcp::Application> application_of(const TcpServerSettings& settings);
// The place of this host among the replicas, by its addresses. Throws SystemError.
std::uint32_t replica_index(const TcpServerSettings& settings);
// `index`: see above; without a meaning where TCP is alone. Throws SystemError.
tcp::HostConfig host_config(const TcpServerSettings& settings, std::uint32_t index,
                            tcp::Application& application);
ReplicaStreamsConfig streams_config(const TcpServerSettings& settings, std::uint32_t index);

std::vector<Address> vips_of(const TcpServerSettings& settings);
// Where neighbours ask for the VIPs. Throws SystemError.
Interface link_of(const TcpServerSettings& settings);
HostPlan host_plan(const TcpServerSettings& settings, const Interface& link);

// As it is wished, or as near as is permitted; what came of it is in the log.
void take_precedence(Precedence precedence, Log& log);

std::string_view to_string(tcp::Role role);
// For an operator: a row a connection, and everything that is counted.
Answer connections_of(const tcp::Host& host);
Answer counters_of(const HostLoop& loop);
void write_figures(const HostLoop& loop, Exposition& exposition);

}  // namespace poise::realnet
