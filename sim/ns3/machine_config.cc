// From a plan to the configuration of its machines.
#include "sim/ns3/machine_config.h"

#include <algorithm>
#include <vector>

#include "model/check.h"
#include "model/hash.h"
#include "model/scenario/workload.h"

namespace poise::ns3world {

namespace {

std::vector<Vip> vips_of(const scenario::Plan& plan) {
  std::vector<Vip> vips;
  for (const scenario::VipSpec& vip : plan.service.vips)
    vips.push_back(
        {vip.address, static_cast<std::uint8_t>(vip.protocol == "udp" ? 17 : 6), vip.port});
  return vips;
}

wire::Encapsulation encapsulation_of(const scenario::Plan& plan) {
  const auto encapsulation = wire::parse_encapsulation(plan.service.encapsulation);
  POISE_CHECK(encapsulation);
  return *encapsulation;
}

void add(Digest& digest, const Address& address) {
  digest.add(std::span(address.bytes()));
}

void add(Digest& digest, const std::vector<Vip>& vips) {
  for (const Vip& vip : vips) {
    add(digest, vip.address);
    digest.add(vip.protocol).add(vip.port);
  }
}

}  // namespace

BalancerConfig balancer_config(const scenario::Plan& plan, const scenario::Topology& topology,
                               scenario::NodeId node) {
  const scenario::TopologyNode& self = topology.nodes()[node];
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
  config.hash_seed = scenario::stream(plan, scenario::Stream::world).next();
  config.tracking = plan.policy.tracking;
  config.flow_count_max = plan.policy.flow_count_max;
  config.flow_timeouts.handshake = plan.policy.handshake_timeout;
  config.flow_timeouts.established = plan.policy.established_timeout;
  config.flow_timeouts.closing = plan.policy.closing_timeout;
  const auto backend_count =
      static_cast<std::uint32_t>(topology.of_kind(scenario::NodeKind::backend).size());
  config.backend_count_max = std::max(config.backend_count_max, backend_count);
  config.peer_count_max = std::max(config.peer_count_max, 2 * backend_count);
  config.timeout = plan.control.timeout;
  config.probe_interval = plan.control.probe_interval;
  config.drain_timeout = plan.control.drain_timeout;
  config.slow_start = plan.policy.slow_start;
  config.seed = scenario::stream(plan, scenario::Stream::balancer, self.index).next();
  return config;
}

AgentConfig agent_config(const scenario::Plan& plan, const scenario::Topology& topology,
                         scenario::NodeId node) {
  const scenario::TopologyNode& self = topology.nodes()[node];
  AgentConfig config;
  config.name = self.name;
  config.address = self.address;
  if (self.index < plan.service.weights.size()) config.weight = plan.service.weights[self.index];
  for (const scenario::NodeId balancer : topology.of_kind(scenario::NodeKind::balancer))
    config.balancers.push_back(topology.nodes()[balancer].address);
  config.vips = vips_of(plan);
  config.encapsulation = encapsulation_of(plan);
  config.mtu = plan.service.mtu;
  config.heartbeat = plan.control.heartbeat;
  config.timeout = plan.control.timeout;
  config.reconnect = plan.control.reconnect;
  config.reconnect_max = 8 * plan.control.reconnect;
  config.seed = scenario::stream(plan, scenario::Stream::agent, self.index).next();
  return config;
}

policy::Config policy_config(const scenario::Plan& plan) {
  policy::Config config;
  config.kind = plan.policy.kind;
  config.table_size = plan.policy.table_size;
  config.virtual_nodes = plan.policy.virtual_nodes;
  config.seed = scenario::stream(plan, scenario::Stream::world, 1).next();
  return config;
}

std::uint64_t configuration_digest(const BalancerConfig& config, const policy::Config& policy) {
  Digest digest;
  digest.add(config.name).add(config.encapsulation).add(config.mtu).add(config.hash_fields);
  add(digest, config.address);
  add(digest, config.vips);
  digest.add(config.hash_seed).add(config.tracking).add(config.flow_count_max);
  for (const Duration duration : {config.flow_timeouts.handshake, config.flow_timeouts.established,
                                  config.flow_timeouts.closing, config.flow_timeouts.datagram,
                                  config.timeout, config.register_timeout, config.probe_interval,
                                  config.drain_timeout, config.forget_timeout, config.slow_start})
    digest.add(duration.count());
  digest.add(config.backend_count_max).add(config.peer_count_max).add(config.clamp_mss);
  digest.add(config.seed).add(policy.kind).add(policy.table_size).add(policy.virtual_nodes);
  return digest.add(policy.seed).value();
}

std::uint64_t configuration_digest(const AgentConfig& config) {
  Digest digest;
  digest.add(config.name).add(config.weight).add(config.encapsulation).add(config.mtu);
  add(digest, config.address);
  for (const Address& balancer : config.balancers) add(digest, balancer);
  add(digest, config.vips);
  for (const Duration duration :
       {config.heartbeat, config.timeout, config.reconnect, config.reconnect_max})
    digest.add(duration.count());
  return digest.add(config.clamp_mss).add(config.seed).value();
}

}  // namespace poise::ns3world
