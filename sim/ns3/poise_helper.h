// For programs written against ns-3 itself: puts balancers and agents on nodes of any topology.
#pragma once

#include <cstdint>
#include <string>

#include <ns3/attribute.h>
#include <ns3/ipv4-address.h>
#include <ns3/node-container.h>
#include <ns3/object-factory.h>

#include "sim/ns3/agent_node.h"
#include "sim/ns3/balancer_node.h"

namespace ns3 {

// The nodes need an internet stack with their addresses, and "ChecksumEnabled" bound to true before
// they were made (a machine refuses datagrams with wrong checksums). The VIP's route to the
// balancers is the program's matter. See examples/three_backends.cc.
class PoiseHelper {
 public:
  PoiseHelper();

  void SetBalancerAttribute(const std::string& name, const AttributeValue& value);
  void SetAgentAttribute(const std::string& name, const AttributeValue& value);
  // Attributes that both must agree on.
  void SetVip(Ipv4Address vip, uint16_t port);
  void SetEncapsulation(const std::string& name);  // Caplance, Gue, Ipip, Gre

  // A balancer on each of `balancers`, and on each of `backends` an agent, named after its node's
  // number ("backend7"), that registers with all of them. They boot at the current time, which is
  // before Simulator::Run. Throws std::logic_error when checksums are off.
  void Install(const NodeContainer& balancers, const NodeContainer& backends);

  // Seeds the machines from `stream` on; gives how many streams were used. Before Install's events,
  // so before Simulator::Run. REQUIRES: Install was called with these nodes.
  int64_t AssignStreams(const NodeContainer& nodes, int64_t stream);

 private:
  ObjectFactory m_balancers;
  ObjectFactory m_agents;
};

}  // namespace ns3
