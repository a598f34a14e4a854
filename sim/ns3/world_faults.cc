// The simulated world of one plan: carrying out its faults.
#include <string>

#include "model/check.h"
#include "model/scenario/carry_out.h"
#include "sim/ns3/world.h"

namespace poise::ns3world {

void World::carry_out(const scenario::FaultEvent& fault) {
  scenario::carry_out(fault, topology_, network_, *this);
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
  if (host.witness) host.witness->boot();
  if (!host.agent) return;
  if (options_.plain_routers)
    host.agent->BootUnregistered();
  else
    host.agent->Boot();
  if (host.failover) host.failover->boot();
}

// A host stops in the middle of whatever it did. Nobody is told.
void World::crash(NodeId id) {
  Host& host = hosts_[id];
  network_.set_present(id, false);
  if (!host.tcp || !host.tcp->is_up()) return;
  if (host.balancer) host.balancer->Crash();
  if (host.agent) host.agent->Crash();
  if (host.witness) host.witness->crash();
  if (host.failover) host.failover->crash();
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
