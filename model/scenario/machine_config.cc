// From a plan to the configuration of its machines.
#include "model/scenario/machine_config.h"

#include <algorithm>
#include <vector>

#include "model/check.h"
#include "model/scenario/failover_config.h"
#include "model/scenario/workload.h"

namespace poise::scenario {

namespace {

std::vector<Vip> vips_of(const Plan& plan) {
  std::vector<Vip> vips;
  for (const VipSpec& vip : plan.service.vips)
    vips.push_back(
        {vip.address, static_cast<std::uint8_t>(vip.protocol == "udp" ? 17 : 6), vip.port});
  return vips;
}

wire::Encapsulation encapsulation_of(const Plan& plan) {
  const auto encapsulation = wire::parse_encapsulation(plan.service.encapsulation);
  POISE_CHECK(encapsulation);
  return *encapsulation;
}

}  // namespace

BalancerConfig balancer_config(const Plan& plan, const Topology& topology, NodeId node) {
  const TopologyNode& self = topology.nodes()[node];
  BalancerConfig config;
  config.name = self.name;
  config.address = self.address;
  config.vips = vips_of(plan);
  config.encapsulation = encapsulation_of(plan);
  config.mtu = plan.service.mtu;
  const auto fields = parse_flow_fields(plan.policy.hash_fields);
  POISE_CHECK(fields);
  config.hash_fields = *fields;
  // Shared: balancers that do not agree on it do not agree on anything.
  config.hash_seed = stream(plan, Stream::world).next();
  config.tracking = plan.policy.tracking;
  config.flow_count_max = plan.policy.flow_count_max;
  config.flow_timeouts.handshake = plan.policy.handshake_timeout;
  config.flow_timeouts.established = plan.policy.established_timeout;
  config.flow_timeouts.closing = plan.policy.closing_timeout;
  const auto backend_count = static_cast<std::uint32_t>(topology.of_kind(NodeKind::backend).size());
  config.backend_count_max = std::max(config.backend_count_max, backend_count);
  config.peer_count_max = std::max(config.peer_count_max, 2 * backend_count);
  config.timeout = plan.control.timeout;
  config.probe_interval = plan.control.probe_interval;
  config.drain_timeout = plan.control.drain_timeout;
  config.slow_start = plan.policy.slow_start;
  config.mirror = plan.service.server == "failover" && plan.replication.mirror;
  config.seed = stream(plan, Stream::balancer, self.index).next();
  return config;
}

AgentConfig agent_config(const Plan& plan, const Topology& topology, NodeId node) {
  const TopologyNode& self = topology.nodes()[node];
  AgentConfig config;
  config.name = self.name;
  config.address = self.address;
  if (self.index < plan.service.weights.size()) config.weight = plan.service.weights[self.index];
  for (const NodeId balancer : topology.of_kind(NodeKind::balancer))
    config.balancers.push_back(topology.nodes()[balancer].address);
  config.vips = vips_of(plan);
  config.encapsulation = encapsulation_of(plan);
  config.mtu = plan.service.mtu;
  config.heartbeat = plan.control.heartbeat;
  config.timeout = plan.control.timeout;
  config.reconnect = plan.control.reconnect;
  config.reconnect_max = 8 * plan.control.reconnect;
  if (const auto seat = pair_seat(plan, topology, node))
    config.replica = ReplicaSeat{seat->pair, static_cast<std::uint8_t>(seat->index)};
  config.seed = stream(plan, Stream::agent, self.index).next();
  return config;
}

policy::Config policy_config(const Plan& plan) {
  policy::Config config;
  config.kind = plan.policy.kind;
  config.table_size = plan.policy.table_size;
  config.virtual_nodes = plan.policy.virtual_nodes;
  config.seed = stream(plan, Stream::world, 1).next();
  return config;
}

}  // namespace poise::scenario
