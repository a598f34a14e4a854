// The ready-made shapes of a topology, written out as explicit nodes and links.
//
//   leaf   client leaves, one balancer leaf and backend leaves, each linked to every spine
//   clos   the same leaves in pods (clients, balancers, backends) of two aggregation routers,
//          each linked to every core
//   wan    clients behind up to four regions; region r is linked to every edge with 10 ms * r of
//   delay
//          beside fabric_link's own; the edges carry one balancer leaf and backend leaves
//
// A client leaf carries up to 16 clients, a backend leaf up to 8 backends, the spares after the
// others.
#pragma once

#include <vector>

#include "model/scenario/plan.h"

namespace poise::scenario {

struct Layout {
  std::vector<NodeSpec> nodes;
  std::vector<EdgeSpec> links;
};

// For `explicit` the spec's own nodes and links. All links are named.
Layout lay_out(const TopologySpec& spec);

}  // namespace poise::scenario
