// What the servers of failover TCP and their witness are told.
#include <array>
#include <cstdio>

#include "model/scenario/exchange.h"
#include "model/scenario/exchange_server.h"
#include "model/scenario/failover_config.h"
#include "model/scenario/machine_config.h"
#include "model/tcp/buffer/byte_queue.h"
#include "model/wire/encapsulation.h"
#include "realnet/daemon/settings/print.h"
#include "realnet/daemon/settings/tcp_settings.h"
#include "realnet/lab/daemon_settings.h"

namespace poise::realnet::lab {

namespace {

using scenario::NodeId;

// Notices are read from the log: all of them.
template <class Settings>
void set_common(Settings& settings, const LifeFolder& folder) {
  settings.credentials.plain = true;
  settings.state.folder = folder.path;
  settings.log.fold = Duration::zero();
  settings.operator_side.socket = folder.socket();
}

// Clients' packets come through a tunnel: the MSS that they are told must leave it room.
std::uint32_t tunnelled_mtu(const scenario::Plan& plan) {
  const auto encapsulation = wire::parse_encapsulation(plan.service.encapsulation);
  return plan.service.mtu - static_cast<std::uint32_t>(wire::overhead(*encapsulation, Family::v4));
}

tcp::HostConfig config_of(const scenario::Plan& plan, const scenario::Topology& topology,
                          NodeId node) {
  scenario::ExchangeServer application;  // of nobody: the configuration alone is looked at
  return scenario::server_config(plan, topology, node, application);
}

void set_pair(TcpServerSettings& settings, const scenario::Plan& plan,
              const scenario::Topology& topology, NodeId node, const ServerPlace& place,
              const scenario::PairSeat& seat) {
  const auto address = [&](NodeId id) { return topology.nodes()[id].address; };
  settings.tcp = TcpKind::failover;
  settings.standby = seat.index == 1 || !place.is_first_life;
  settings.replicas = {{address(node), kReplicaPort}, {address(seat.partner), kReplicaPort}};
  if (seat.index == 1) std::swap(settings.replicas[0], settings.replicas[1]);
  if (const auto witness = scenario::witness_of(plan, topology))
    settings.witness = {address(*witness), kWitnessPort};
  settings.pair = seat.pair;
  settings.agent_socket = place.agent_socket;
}

}  // namespace

std::string server_settings(const scenario::Plan& plan, const scenario::Topology& topology,
                            NodeId node, const ServerPlace& place) {
  const tcp::HostConfig config = config_of(plan, topology, node);
  TcpServerSettings settings(Service::exchange);
  settings.name = topology.nodes()[node].name;
  settings.tcp = TcpKind::alone;
  settings.progress = place.progress;
  settings.seed = scenario::agent_config(plan, topology, node).seed;
  for (const scenario::VipSpec& vip : plan.service.vips)
    settings.listen.push_back({vip.address, port_of(vip)});
  settings.interface = "lo";
  settings.move = VipMove::none;
  settings.secret_file = place.folder.secret();
  settings.replication = config.replication;
  settings.held_packets_max = config.held_packets_max;
  settings.connection = config.listeners.front().connection;
  settings.connection.mtu = tunnelled_mtu(plan);
  settings.connection_count_max = config.connection_count_max;
  settings.memory = std::uint64_t{config.chunk_count} * tcp::ChunkPool::kChunkSize;
  if (const auto seat = scenario::pair_seat(plan, topology, node))
    set_pair(settings, plan, topology, node, place, *seat);
  set_common(settings, place.folder);
  return print(Loaded<TcpServerSettings>{settings, {}});
}

std::string server_secret(const scenario::Plan& plan, const scenario::Topology& topology,
                          NodeId node) {
  const SipKey secret = config_of(plan, topology, node).secret;
  std::array<char, 33> digits;
  std::snprintf(digits.data(), digits.size(), "%016llx%016llx",
                static_cast<unsigned long long>(secret.k0),
                static_cast<unsigned long long>(secret.k1));
  return digits.data();
}

std::string witness_settings(const scenario::Plan& plan, const scenario::Topology& topology,
                             NodeId node, const LifeFolder& folder) {
  WitnessSettings settings;
  settings.name = topology.nodes()[node].name;
  settings.listen = {topology.nodes()[node].address, kWitnessPort};
  settings.replication = scenario::replication_config(plan);
  set_common(settings, folder);
  return print(Loaded<WitnessSettings>{settings, {}});
}

}  // namespace poise::realnet::lab
