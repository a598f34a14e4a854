// From a plan to the configuration of its machines: what a world and a replay must agree on.
#pragma once

#include "model/balancer/config.h"
#include "model/policy/policy.h"
#include "model/scenario/plan.h"
#include "model/scenario/topology.h"

namespace poise::scenario {

// REQUIRES: the node is a balancer, or a backend; the plan passed check_plan.
BalancerConfig balancer_config(const Plan& plan, const Topology& topology, NodeId node);
AgentConfig agent_config(const Plan& plan, const Topology& topology, NodeId node);
policy::Config policy_config(const Plan& plan);

}  // namespace poise::scenario
