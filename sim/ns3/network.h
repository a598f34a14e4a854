// The nodes and links of a plan's topology in ns-3, what of them works, and what the routers
// believe.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include <ns3/error-model.h>
#include <ns3/node.h>
#include <ns3/point-to-point-channel.h>
#include <ns3/ptr.h>

#include "model/address.h"
#include "model/scenario/plan.h"
#include "model/scenario/topology.h"
#include "sim/ns3/ecmp_routing.h"
#include "sim/ns3/gate.h"
#include "sim/ns3/port.h"

namespace poise::ns3world {

// Each node has one address, on its loopback; links have none. When a part fails, packets into it
// are lost at once; routers notice `routing.detection` later and compute their ways anew.
class Network {
 public:
  // Builds everything. Keeps references to plan and topology. REQUIRES: the process's defaults are
  // set, and nothing else was built.
  Network(const scenario::Plan& plan, const scenario::Topology& topology);

  ns3::Ptr<ns3::Node> node(scenario::NodeId id) const { return nodes_[id].node; }
  ns3::Ptr<ns3::PoiseGate> gate(scenario::NodeId id) const { return nodes_[id].gate; }
  const std::vector<ns3::Ptr<ns3::PoisePort>>& ports(scenario::NodeId id) const {
    return nodes_[id].ports;
  }

  // A node that is absent (crashed, or not there yet) or cut off: nothing passes its links.
  void set_present(scenario::NodeId id, bool present);
  void set_partitioned(scenario::NodeId id, bool partitioned);
  void set_link(scenario::LinkId id, bool up);
  void set_extra_delay(scenario::LinkId id, Duration extra);
  void set_loss(scenario::LinkId id, double probability);

  // What was lost on the way, by reason, over all links and nodes.
  struct Losses {
    std::uint64_t queue_full = 0, link_loss = 0, no_carrier = 0, no_route = 0, too_big = 0;
    std::uint64_t ttl_expired = 0, bad_checksum = 0;
  };
  Losses losses() const;

 private:
  struct NodeState {
    ns3::Ptr<ns3::Node> node;
    ns3::Ptr<ns3::PoiseEcmpRouting> routing;
    ns3::Ptr<ns3::PoiseGate> gate;
    std::vector<ns3::Ptr<ns3::PoisePort>> ports;  // by link
    bool present = true;
    bool partitioned = false;
  };
  struct LinkState {
    ns3::Ptr<ns3::PointToPointChannel> channel;
    std::array<ns3::Ptr<ns3::PoisePort>, 2> ports;  // at a, at b
    std::array<ns3::Ptr<ns3::RateErrorModel>, 2> errors;
    bool up = true;
  };

  void build_node(scenario::NodeId id);
  void build_link(scenario::LinkId id);
  ns3::Ptr<ns3::PoisePort> build_port(scenario::NodeId at, const scenario::LinkSpec& spec);
  void watch_stack(scenario::NodeId id);
  void apply();
  void believe(const scenario::Alive& alive);
  void route_all();
  void route_to_node(scenario::NodeId id);
  void route_to_vips();
  void set_ways(const Address& address, const scenario::Routes& routes);
  ns3::Ptr<ns3::PoisePort> port_at(scenario::LinkId link, scenario::NodeId node) const;

  const scenario::Plan& plan_;
  const scenario::Topology& topology_;
  std::vector<NodeState> nodes_;
  std::vector<LinkState> links_;
  scenario::Alive believed_;
  std::map<scenario::NodeId, scenario::Routes> routes_to_routers_;  // by believed_, as needed
  std::vector<scenario::NodeId> routers_;  // nodes with a choice: whose ways must be computed
  Losses losses_;
};

}  // namespace poise::ns3world
