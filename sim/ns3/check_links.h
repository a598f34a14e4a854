// What ns-3 must not see of links: it aborts, or goes on with nonsense.
#pragma once

#include "model/scenario/topology.h"

namespace poise::ns3world {

// Throws std::invalid_argument: "ns-3 cannot run this plan: ...".
void check_links(const scenario::Topology& topology);

}  // namespace poise::ns3world
