// From a plan whose servers are failover TCP to the configuration of its replicas.
#pragma once

#include <optional>
#include <string>

#include "model/scenario/plan.h"
#include "model/scenario/topology.h"
#include "model/tcp/host/host.h"

namespace poise::scenario {

// The backend's place in a pair: backends 1 and 2 are pair1, 3 and 4 pair2, and so on; the first of
// each is active to begin with. Nothing when servers are alone (replication.policy "none").
struct PairSeat {
  std::string pair;
  std::uint32_t index = 0;  // 0 or 1
  NodeId partner = 0;
};
std::optional<PairSeat> pair_seat(const Plan& plan, const Topology& topology, NodeId backend);

// REQUIRES: service.server is "failover", the node a backend. `application` serves all VIPs and
// outlives the host.
tcp::HostConfig server_config(const Plan& plan, const Topology& topology, NodeId backend,
                              tcp::Application& application);
tcp::ReplicationConfig replication_config(const Plan& plan);
// The host of the pairs' witness: the first balancer. Nothing where there is no witness.
std::optional<NodeId> witness_of(const Plan& plan, const Topology& topology);

}  // namespace poise::scenario
