// The simulated world of one plan: carrying out its faults.
#include <algorithm>
#include <string>

#include "model/check.h"
#include "model/scenario/words.h"
#include "sim/ns3/convert.h"
#include "sim/ns3/world.h"

namespace poise::ns3world {

using scenario::FaultEvent;
using scenario::FaultKind;
using scenario::NodeKind;

void World::carry_out(const FaultEvent& fault) {
  if (const auto link = topology_.find_link(fault.target); link) {
    carry_out_on_link(fault, *link);
    return;
  }
  const auto node = topology_.find_node(fault.target);
  POISE_CHECK(node);
  switch (fault.kind) {
    case FaultKind::crash:
      return crash(*node);
    case FaultKind::restart:
    case FaultKind::join:
      return boot(*node);
    case FaultKind::partition:
      return network_.set_partitioned(*node, true);
    case FaultKind::heal:
      return network_.set_partitioned(*node, false);
    case FaultKind::pause:
      return order(*node, Command::Kind::pause);
    case FaultKind::resume:
      return order(*node, Command::Kind::resume);
    case FaultKind::drain:
      return order(*node, Command::Kind::drain);
    case FaultKind::deregister:
      return order(*node, Command::Kind::deregister);
    case FaultKind::link_down:
    case FaultKind::link_up:
    case FaultKind::slow:
    case FaultKind::lossy:
      POISE_CHECK(false);  // of links; check_plan saw to it
  }
}

void World::carry_out_on_link(const FaultEvent& fault, scenario::LinkId link) {
  switch (fault.kind) {
    case FaultKind::link_down:
      return network_.set_link(link, false);
    case FaultKind::link_up:
      return network_.set_link(link, true);
    case FaultKind::slow:
      return network_.set_extra_delay(link, from_seconds(fault.value));
    case FaultKind::lossy:
      return network_.set_loss(link, fault.value);
    default:
      POISE_CHECK(false);  // of nodes
  }
}

// A host starts, or starts anew with nothing of what it knew.
void World::boot(NodeId id) {
  Host& host = hosts_[id];
  network_.set_present(id, true);
  if (!host.tcp || host.tcp->is_up()) return;  // a router, or it is up already
  host.tcp->boot();
  ++host.lives;
  if (host.plain) host.plain->Boot();
  if (host.balancer) host.balancer->Boot();
  if (host.server) host.server->start(*host.tcp, ports_);
  if (!host.agent) return;
  if (options_.plain_routers)
    host.agent->BootUnregistered();
  else
    host.agent->Boot();
}

// A host stops in the middle of whatever it did. Nobody is told.
void World::crash(NodeId id) {
  Host& host = hosts_[id];
  network_.set_present(id, false);
  if (!host.tcp || !host.tcp->is_up()) return;
  if (host.balancer) host.balancer->Crash();
  if (host.agent) host.agent->Crash();
  if (host.server) host.server->crash();
  if (host.client) host.client->crash();
  host.tcp->crash();
}

void World::order(NodeId id, Command::Kind kind) {
  POISE_CHECK(hosts_[id].agent);
  const CommandResult result = hosts_[id].agent->Order({kind, topology_.nodes()[id].name});
  if (result != CommandResult::done)
    note("world", {"order_" + std::string(to_string(result)), topology_.nodes()[id].name,
                   std::string(to_string(kind))});
}

}  // namespace poise::ns3world
