// The nodes and links of a plan's topology in ns-3.
#include "sim/ns3/network.h"

#include <span>
#include <string>

#include <ns3/data-rate.h>
#include <ns3/drop-tail-queue.h>
#include <ns3/ipv4-interface-address.h>
#include <ns3/ipv4-l3-protocol.h>
#include <ns3/mac48-address.h>
#include <ns3/nstime.h>
#include <ns3/queue-size.h>
#include <ns3/simulator.h>

#include "model/random.h"
#include "model/scenario/workload.h"
#include "sim/ns3/convert.h"
#include "sim/ns3/host_stack.h"

namespace poise::ns3world {

namespace {

using ns3::Ipv4L3Protocol;
using ns3::PoisePort;
using ns3::Ptr;
using scenario::LinkId;
using scenario::NodeId;

// ns-3's own random streams, by purpose and link: explicit, so that nothing depends on how many
// objects were made before.
constexpr std::int64_t kLossStreams = 1'000'000;

}  // namespace

Network::Network(const scenario::Plan& plan, const scenario::Topology& topology)
    : plan_(plan), topology_(topology) {
  nodes_.resize(topology.nodes().size());
  links_.resize(topology.links().size());
  for (NodeId id = 0; id < nodes_.size(); ++id) build_node(id);
  for (LinkId id = 0; id < links_.size(); ++id) build_link(id);
  for (NodeId id = 0; id < nodes_.size(); ++id) {
    nodes_[id].gate->Install(nodes_[id].node);
    nodes_[id].present = topology.alive_at_start().node(id);
    const auto neighbours = topology.neighbours(id);
    if (topology.nodes()[id].kind != scenario::NodeKind::router && neighbours.size() == 1)
      nodes_[id].routing->SetDefaultWay(port_at(neighbours[0].link, id));
    else
      routers_.push_back(id);
  }
  apply();
  route_all();
}

void Network::build_node(NodeId id) {
  NodeState& state = nodes_[id];
  state.node = ns3::CreateObject<ns3::Node>();
  const std::uint64_t seed = scenario::stream(plan_, scenario::Stream::routing).next();
  state.routing = install_stack(state.node, seed, plan_.routing.ecmp != "modulo",
                                topology_.nodes()[id].kind == scenario::NodeKind::router);
  const Ptr<Ipv4L3Protocol> ipv4 = state.node->GetObject<Ipv4L3Protocol>();
  ipv4->AddAddress(0, ns3::Ipv4InterfaceAddress(to_ns3(topology_.nodes()[id].address),
                                                ns3::Ipv4Mask::GetOnes()));
  state.gate = ns3::CreateObject<ns3::PoiseGate>();
  state.node->AggregateObject(state.gate);
  watch_stack(id);
}

void Network::watch_stack(NodeId id) {
  const Ptr<Ipv4L3Protocol> ipv4 = nodes_[id].node->GetObject<Ipv4L3Protocol>();
  ipv4->TraceConnectWithoutContext(
      "Drop", ns3::Callback<void, const ns3::Ipv4Header&, Ptr<const ns3::Packet>,
                            Ipv4L3Protocol::DropReason, Ptr<ns3::Ipv4>, std::uint32_t>(
                  [this](const ns3::Ipv4Header&, Ptr<const ns3::Packet>,
                         Ipv4L3Protocol::DropReason reason, Ptr<ns3::Ipv4>, std::uint32_t) {
                    if (reason == Ipv4L3Protocol::DROP_TTL_EXPIRED) ++losses_.ttl_expired;
                    if (reason == Ipv4L3Protocol::DROP_BAD_CHECKSUM) ++losses_.bad_checksum;
                  }));
}

Ptr<PoisePort> Network::build_port(NodeId at, const scenario::LinkSpec& spec) {
  const Ptr<PoisePort> port = ns3::CreateObject<PoisePort>();
  port->SetAddress(ns3::Mac48Address::Allocate());
  port->SetDataRate(ns3::DataRate(static_cast<std::uint64_t>(spec.rate_bps)));
  port->SetMtu(static_cast<std::uint16_t>(plan_.service.mtu));
  const auto queue = ns3::CreateObject<ns3::DropTailQueue<ns3::Packet>>();
  queue->SetMaxSize(ns3::QueueSize(ns3::QueueSizeUnit::PACKETS, spec.queue_packets));
  port->SetQueue(queue);
  port->TraceConnectWithoutContext("MacTxDrop",
                                   ns3::Callback<void, Ptr<const ns3::Packet>>(
                                       [this](Ptr<const ns3::Packet>) { ++losses_.queue_full; }));
  port->TraceConnectWithoutContext("PhyRxDrop",
                                   ns3::Callback<void, Ptr<const ns3::Packet>>(
                                       [this](Ptr<const ns3::Packet>) { ++losses_.link_loss; }));
  nodes_[at].node->AddDevice(port);
  const Ptr<Ipv4L3Protocol> ipv4 = nodes_[at].node->GetObject<Ipv4L3Protocol>();
  const std::uint32_t interface = ipv4->AddInterface(port);
  ipv4->SetUp(interface);
  nodes_[at].ports.push_back(port);
  return port;
}

void Network::build_link(LinkId id) {
  const scenario::TopologyLink& link = topology_.links()[id];
  LinkState& state = links_[id];
  state.channel = ns3::CreateObject<ns3::PointToPointChannel>();
  state.ports = {build_port(link.a, link.spec), build_port(link.b, link.spec)};
  for (const Ptr<PoisePort>& port : state.ports) port->Attach(state.channel);
  set_extra_delay(id, Duration::zero());
  set_loss(id, link.spec.loss);
}

Ptr<PoisePort> Network::port_at(LinkId link, NodeId node) const {
  return links_[link].ports[topology_.links()[link].a == node ? 0 : 1];
}

void Network::set_present(NodeId id, bool present) {
  nodes_[id].present = present;
  apply();
}

void Network::set_partitioned(NodeId id, bool partitioned) {
  nodes_[id].partitioned = partitioned;
  apply();
}

void Network::set_link(LinkId id, bool up) {
  links_[id].up = up;
  apply();
}

void Network::set_extra_delay(LinkId id, Duration extra) {
  links_[id].channel->SetAttribute(
      "Delay", ns3::TimeValue(to_ns3(topology_.links()[id].spec.delay + extra)));
}

void Network::set_loss(LinkId id, double probability) {
  LinkState& link = links_[id];
  for (std::size_t end = 0; end < 2; ++end) {
    if (!link.errors[end]) {
      if (probability <= 0) continue;
      link.errors[end] = ns3::CreateObject<ns3::RateErrorModel>();
      link.errors[end]->SetUnit(ns3::RateErrorModel::ERROR_UNIT_PACKET);
      link.errors[end]->AssignStreams(kLossStreams + static_cast<std::int64_t>(2 * id + end));
      link.ports[end]->SetReceiveErrorModel(link.errors[end]);
    }
    link.errors[end]->SetRate(probability);
  }
}

// Carriers follow the parts at once; the routers' beliefs follow after the detection delay, each
// change in its turn.
void Network::apply() {
  scenario::Alive alive;
  for (const NodeState& node : nodes_) alive.nodes.push_back(node.present && !node.partitioned);
  for (LinkId id = 0; id < links_.size(); ++id) {
    const scenario::TopologyLink& link = topology_.links()[id];
    alive.links.push_back(links_[id].up);
    const bool carrier = links_[id].up && alive.nodes[link.a] && alive.nodes[link.b];
    for (const Ptr<PoisePort>& port : links_[id].ports)
      if (port->HasCarrier() != carrier) port->SetCarrier(carrier);
  }
  if (believed_.nodes.empty()) {
    believed_ = alive;  // the start: known to all
    return;
  }
  ns3::Simulator::Schedule(to_ns3(plan_.routing.detection), &Network::believe, this, alive);
}

// Hosts change nobody's way but the ways to themselves, and a balancer those to the VIPs; anything
// else may change all.
void Network::believe(const scenario::Alive& alive) {
  std::vector<NodeId> changed;
  bool hosts_only = alive.links == believed_.links;
  bool balancers_changed = false;
  for (NodeId id = 0; id < nodes_.size(); ++id) {
    if (alive.nodes[id] == believed_.nodes[id]) continue;
    changed.push_back(id);
    hosts_only &= topology_.nodes()[id].kind != scenario::NodeKind::router;
    balancers_changed |= topology_.nodes()[id].kind == scenario::NodeKind::balancer;
  }
  believed_ = alive;
  if (!hosts_only) return route_all();
  for (const NodeId id : changed) route_to_node(id);
  if (balancers_changed) route_to_vips();
}

void Network::route_all() {
  routes_to_routers_.clear();
  for (NodeId id = 0; id < nodes_.size(); ++id) route_to_node(id);
  route_to_vips();
}

void Network::route_to_vips() {
  const std::vector<NodeId> balancers = topology_.of_kind(scenario::NodeKind::balancer);
  const scenario::Routes routes = topology_.routes_to(balancers, believed_);
  for (const scenario::VipSpec& vip : plan_.service.vips) set_ways(vip.address, routes);
}

void Network::route_to_node(NodeId id) {
  const scenario::TopologyNode& node = topology_.nodes()[id];
  const auto neighbours = topology_.neighbours(id);
  if (neighbours.size() != 1 || node.kind == scenario::NodeKind::router ||
      topology_.nodes()[neighbours[0].node].kind != scenario::NodeKind::router) {
    set_ways(node.address, topology_.routes_to(std::span(&id, 1), believed_));
    return;
  }
  // A host on one router: the ways there, computed once for all its hosts, and the last link.
  const NodeId router = neighbours[0].node;
  const LinkId link = neighbours[0].link;
  if (!believed_.node(id) || !believed_.link(link) || !believed_.node(router)) {
    set_ways(node.address,
             scenario::Routes{{}, std::vector<std::vector<scenario::Hop>>(nodes_.size())});
    return;
  }
  const auto [found, fresh] = routes_to_routers_.try_emplace(router);
  if (fresh) found->second = topology_.routes_to(std::span(&router, 1), believed_);
  found->second.hops[router] = {{link, id, 1}};
  set_ways(node.address, found->second);
}

void Network::set_ways(const Address& address, const scenario::Routes& routes) {
  std::vector<ns3::PoiseEcmpRouting::Way> ways;
  for (const NodeId router : routers_) {
    ways.clear();
    for (const scenario::Hop& hop : routes.hops[router])
      ways.push_back({port_at(hop.link, router), mix64(hop.node), hop.destination_count});
    nodes_[router].routing->SetWays(to_ns3(address), ways);
  }
}

Network::Losses Network::losses() const {
  Losses losses = losses_;
  for (const NodeState& node : nodes_) {
    losses.no_route += node.routing->GetNoWayCount();
    losses.too_big += node.gate->GetTooBigCount();
    for (const Ptr<PoisePort>& port : node.ports)
      losses.no_carrier += port->GetLostWithoutCarrier();
  }
  return losses;
}

}  // namespace poise::ns3world
