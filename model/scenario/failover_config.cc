// Who is whose standby, and how the plan's replicas speak.
#include "model/scenario/failover_config.h"

#include <algorithm>

#include "model/check.h"
#include "model/scenario/workload.h"
#include "model/wire/encapsulation.h"

namespace poise::scenario {

std::optional<PairSeat> pair_seat(const Plan& plan, const Topology& topology, NodeId backend) {
  if (plan.service.server != "failover" || plan.replication.policy == "none") return std::nullopt;
  const std::uint32_t number = topology.nodes()[backend].index;
  const std::vector<NodeId> backends = topology.of_kind(NodeKind::backend);
  PairSeat seat;
  seat.pair = "pair" + std::to_string(number / 2 + 1);
  seat.index = number % 2;
  for (const NodeId other : backends)
    if (topology.nodes()[other].index == (number ^ 1)) seat.partner = other;
  return seat;
}

std::optional<NodeId> witness_of(const Plan& plan, const Topology& topology) {
  const bool has_pairs = plan.service.server == "failover" && plan.replication.policy != "none";
  if (!has_pairs || !plan.replication.witness) return std::nullopt;
  return topology.of_kind(NodeKind::balancer).front();
}

tcp::ReplicationConfig replication_config(const Plan& plan) {
  const ReplicationSpec& spec = plan.replication;
  const auto& words = tcp::kCommitPolicyWords;
  const auto found = std::find(words.begin(), words.end(), spec.policy);
  POISE_CHECK(found != words.end());
  tcp::ReplicationConfig config;
  config.policy = static_cast<tcp::CommitPolicy>(found - words.begin());
  config.heartbeat = spec.heartbeat;
  config.missed_max = spec.missed_max;
  config.lease = spec.lease;
  config.witness = spec.witness;
  return config;
}

tcp::HostConfig server_config(const Plan& plan, const Topology& topology, NodeId backend,
                              tcp::Application& application) {
  const TopologyNode& self = topology.nodes()[backend];
  tcp::HostConfig config;
  config.name = self.name;
  config.replication = replication_config(plan);
  const auto seat = pair_seat(plan, topology, backend);
  if (seat) {
    config.replication.role = seat->index == 0 ? tcp::Role::active : tcp::Role::standby;
    config.replication.index = seat->index;
    config.replication.opens = seat->index == 1;
  } else {
    config.replication.witness = false;
  }
  // Both replicas of a pair open each other's cookies.
  Rng secret = stream(plan, Stream::world, 100 + (seat ? self.index / 2 : 1000 + self.index));
  config.secret = {secret.next(), secret.next()};
  tcp::ConnectionConfig connection;
  connection.mtu = plan.service.mtu;
  connection.send_buffer = connection.receive_buffer = 256u << 10;
  const auto encapsulation = wire::parse_encapsulation(plan.service.encapsulation);
  POISE_CHECK(encapsulation);
  // Clients without an MSS option (ns-3's) are taken at what clamping tells real ones.
  connection.mss_unsaid = static_cast<std::uint16_t>(
      plan.service.mtu - 40 -
      static_cast<std::uint32_t>(wire::overhead(*encapsulation, Family::v4)));
  for (const VipSpec& vip : plan.service.vips)
    config.listeners.push_back({{vip.address, vip.port}, &application, connection});
  config.held_packets_max = plan.replication.mirror ? 256 : 0;
  return config;
}

}  // namespace poise::scenario
