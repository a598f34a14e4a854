// From a plan to the configuration of its machines: what a world and a replay must agree on.
#pragma once

#include <cstdint>

#include "model/balancer/config.h"
#include "model/policy/policy.h"
#include "model/scenario/plan.h"
#include "model/scenario/topology.h"

namespace poise::ns3world {

// REQUIRES: the node is a balancer, or a backend; the plan passed check_plan.
BalancerConfig balancer_config(const scenario::Plan& plan, const scenario::Topology& topology,
                               scenario::NodeId node);
AgentConfig agent_config(const scenario::Plan& plan, const scenario::Topology& topology,
                         scenario::NodeId node);
policy::Config policy_config(const scenario::Plan& plan);

// A hash of a configuration, which its records carry.
std::uint64_t configuration_digest(const BalancerConfig& config, const policy::Config& policy);
std::uint64_t configuration_digest(const AgentConfig& config);

}  // namespace poise::ns3world
