// Hosts as namespaces, whatever carries their packets.
#include "realnet/lab/network.h"

#include "realnet/lab/node_kernel.h"
#include "realnet/system/namespace.h"

namespace poise::realnet::lab {

std::string Network::where(scenario::NodeId id) const {
  return "/run/netns/" + topology_.nodes()[id].name;
}

void Network::make_node(scenario::NodeId id) {
  make_namespace(where(id));
  const EnterNamespace inside(where(id));
  settle_kernel(topology_.nodes()[id].kind);
}

}  // namespace poise::realnet::lab
