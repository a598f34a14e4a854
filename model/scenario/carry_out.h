// What each kind of fault does to a world: the one list, for all of them.
#pragma once

#include "model/balancer/command.h"
#include "model/check.h"
#include "model/scenario/faults.h"
#include "model/scenario/topology.h"

namespace poise::scenario {

template <class N>
concept FaultyNetwork = requires(N& network, NodeId node, LinkId link, bool yes) {
  network.set_partitioned(node, yes);
  network.set_link(link, yes);
  network.set_extra_delay(link, Duration{});
  network.set_loss(link, 0.5);
};

template <class H>
concept FaultyHosts = requires(H& hosts, NodeId node) {
  hosts.boot(node);
  hosts.crash(node);
  hosts.order(node, Command::Kind::drain);
};

// REQUIRES: of a plan that check_plan() passed: the target is there, and is what the kind wants.
template <FaultyNetwork N, FaultyHosts H>
void carry_out(const FaultEvent& fault, const Topology& topology, N& network, H& hosts) {
  const NodeId node = topology.find_node(fault.target).value_or(NodeId{});
  const LinkId link = topology.find_link(fault.target).value_or(LinkId{});
  POISE_CHECK(topology.find_node(fault.target) || topology.find_link(fault.target));
  switch (fault.kind) {
    case FaultKind::crash:
      return hosts.crash(node);
    case FaultKind::restart:
    case FaultKind::join:
      return hosts.boot(node);
    case FaultKind::pause:
      return hosts.order(node, Command::Kind::pause);
    case FaultKind::resume:
      return hosts.order(node, Command::Kind::resume);
    case FaultKind::drain:
      return hosts.order(node, Command::Kind::drain);
    case FaultKind::deregister:
      return hosts.order(node, Command::Kind::deregister);
    case FaultKind::partition:
      return network.set_partitioned(node, true);
    case FaultKind::heal:
      return network.set_partitioned(node, false);
    case FaultKind::link_down:
      return network.set_link(link, false);
    case FaultKind::link_up:
      return network.set_link(link, true);
    case FaultKind::slow:
      return network.set_extra_delay(link, from_seconds(fault.value));
    case FaultKind::lossy:
      return network.set_loss(link, fault.value);
  }
}

}  // namespace poise::scenario
