// The real world of one plan: carrying out its faults.
#include <string>

#include "model/scenario/carry_out.h"
#include "realnet/lab/world.h"

namespace poise::realnet::lab {

using scenario::FaultEvent;
using scenario::NodeId;
using scenario::NodeKind;

void World::carry_out(const FaultEvent& fault) {
  note_timeouts();
  late_[static_cast<std::size_t>(&fault - faults_.data())] = loop_.now() - fault.at;
  scenario::carry_out(fault, topology_, *network_, *this);
}

// A simulated host speaks at once: the process on a host that will start is ready before, silent
// and cut off.
void World::prepare(NodeId id, Instant begin_at) {
  Host& host = hosts_[id];
  if (host.up || host.daemon || topology_.nodes()[id].kind != NodeKind::backend) return;
  if (host.lives > 0) clear_leftovers(id);
  if (has_daemon(id)) start_daemon(id, begin_at);
}

// A host starts, or starts anew with nothing of what it knew.
void World::boot(NodeId id) {
  Host& host = hosts_[id];
  if (std::exchange(host.up, true)) return;
  if (host.lives > 0 && !host.daemon) clear_leftovers(id);
  network_->set_present(id, true);
  if (host.server) host.server->start(ports_);
  if (has_daemon(id) && !host.daemon) start_daemon(id, loop_.now());
  if (has_failover(id)) start_failover(id);
}

// A host stops in the middle of whatever it did. Nobody is told: its links go first.
void World::crash(NodeId id) {
  Host& host = hosts_[id];
  if (!std::exchange(host.up, false)) return;
  network_->set_present(id, false);
  if (host.daemon) {
    loop_.forget(host.daemon->descriptor());
    host.daemon.reset();
  }
  if (host.failover) {
    loop_.forget(host.failover->descriptor());
    host.failover.reset();
  }
  if (host.server) host.server->crash();
  if (host.client) host.client->crash();
}

// The retransmission timeout of every open flow's sender, just before a fault: what the length of a
// stall after it is a multiple of.
void World::note_timeouts() {
  for (NodeId id = 0; id < hosts_.size(); ++id) {
    const Host& host = hosts_[id];
    std::vector<std::pair<std::uint32_t, int>> senders;
    if (exchange_.upload && host.client) senders = host.client->sockets();
    if (!exchange_.upload && host.server) senders = host.server->sockets();
    for (const auto& [flow, socket] : senders)
      notices_.push_back({to_ns(loop_.now()), topology_.nodes()[id].name, "rto_ns",
                          std::to_string(log_.number_of(flow)),
                          std::to_string(tcp_state(socket).timeout.count())});
  }
}

}  // namespace poise::realnet::lab
