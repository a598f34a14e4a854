// The nodes and links of a plan's topology as namespaces and veth pairs.
#include "realnet/lab/veth_network.h"

#include <sys/epoll.h>

#include <algorithm>
#include <cstdio>
#include <utility>

#include "model/random.h"
#include "model/scenario/workload.h"
#include "realnet/lab/node_kernel.h"
#include "realnet/system/error.h"
#include "realnet/system/namespace.h"

namespace poise::realnet::lab {

using scenario::Alive;
using scenario::LinkId;
using scenario::NodeId;
using scenario::NodeKind;

namespace {

// A cable that is at least as fast is not slowed down.
constexpr double kFastestShaped = 10e9;

bool kernel_has_netem() {
  Commands commands;
  commands.tc("", "qdisc add dev lo root netem delay 1ms");
  commands.tc("", "qdisc delete dev lo root");
  try {
    commands.run();
    return true;
  } catch (const SystemError&) {
    return false;
  }
}

}  // namespace

VethNetwork::VethNetwork(const scenario::Plan& plan, const scenario::Topology& topology, Loop& loop)
    : Network(topology),
      plan_(plan),
      loop_(loop),
      netem_(kernel_has_netem()),
      nodes_(topology.nodes().size()) {
  for (NodeId id = 0; id < nodes_.size(); ++id) {
    make_node(id);
    nodes_[id].present = topology.alive_at_start().node(id);
    nodes_[id].chooses =
        topology.nodes()[id].kind == NodeKind::router || topology.neighbours(id).size() != 1;
    if (nodes_[id].chooses) let_choose(id);
  }
  Commands links, hosts, next_hops;  // each stands on those before it
  for (LinkId id = 0; id < topology.links().size(); ++id) {
    const scenario::TopologyLink& link = topology.links()[id];
    const std::string device = device_of(id);
    const std::string mtu = " mtu " + std::to_string(plan.service.mtu);
    links.ip("", "link add " + device + " netns " + topology.nodes()[link.a].name + " address " +
                     link_address(id, 0) + mtu + " type veth peer name " + device + " netns " +
                     topology.nodes()[link.b].name + " address " + link_address(id, 1) + mtu);
    links_.push_back(
        {.loss = link.spec.loss,
         .shutters = {Shutter(where(link.a), device), Shutter(where(link.b), device)}});
  }
  links.run();
  build(hosts);
  hosts.run();
  for (NodeId id = 0; id < nodes_.size(); ++id)
    for (const scenario::Hop& hop : topology.neighbours(id))
      if (nodes_[id].chooses) next_hops.ip(topology.nodes()[id].name, add_next_hop(hop.link));
  next_hops.run();
  learn(alive()).run();
  mount_shutters();
  apply_shutters(alive());
}

VethNetwork::~VethNetwork() {
  for (const auto& [descriptor, batch] : learning_) loop_.forget(descriptor);
}

// Among ways that are equally good, by the flow's hash.
void VethNetwork::let_choose(NodeId id) const {
  const EnterNamespace inside(where(id));
  if (topology_.nodes()[id].kind == NodeKind::router) set_kernel("ipv4/ip_forward", "1");
  set_kernel("ipv4/fib_multipath_hash_policy", "1");  // addresses, protocol, ports
  // Routers one behind the other must not choose alike.
  const std::uint64_t seed = scenario::stream(plan_, scenario::Stream::routing).next();
  set_kernel("ipv4/fib_multipath_hash_seed",
             std::to_string(mix64(seed ^ mix64(id)) % 0xffffffff + 1));
}

void VethNetwork::build(Commands& commands) {
  for (NodeId id = 0; id < nodes_.size(); ++id) {
    const scenario::TopologyNode& node = topology_.nodes()[id];
    add_address(commands, node);
    for (const scenario::Hop& hop : topology_.neighbours(id))
      add_link_end(commands, topology_, id, hop.link);
    // Where there is no way, a packet is lost; nobody is told.
    if (nodes_[id].chooses)
      commands.ip(node.name, "route add blackhole default metric 4000000000");
    else
      add_default_way(commands, node, topology_.neighbours(id)[0].link);
  }
  for (LinkId id = 0; id < links_.size(); ++id) shape(commands, id);
}

// Rate, queue and delay are those of the end that sends.
void VethNetwork::shape(Commands& commands, LinkId id) const {
  const scenario::TopologyLink& link = topology_.links()[id];
  const Duration delay = link.spec.delay + links_[id].extra_delay;
  std::string discipline;
  char text[160];
  if (netem_ && (delay > Duration::zero() || link.spec.rate_bps < kFastestShaped)) {
    std::snprintf(text, sizeof text, "netem delay %.3fms rate %.0fbit limit %u",
                  to_seconds(delay) * 1e3, link.spec.rate_bps, link.spec.queue_packets);
    discipline = text;
  } else if (!netem_ && link.spec.rate_bps < kFastestShaped) {
    // The bucket holds a millisecond's worth, but never less than two packets.
    const double burst = std::max(link.spec.rate_bps / 8 / 1000, 2.0 * plan_.service.mtu);
    std::snprintf(text, sizeof text, "tbf rate %.0fbit burst %.0f limit %.0f", link.spec.rate_bps,
                  burst, static_cast<double>(link.spec.queue_packets) * plan_.service.mtu);
    discipline = text;
  }
  if (discipline.empty()) return;
  for (const NodeId end : {link.a, link.b})
    commands.tc(topology_.nodes()[end].name,
                "qdisc replace dev " + device_of(id) + " root " + discipline);
}

void VethNetwork::set_present(NodeId id, bool present) {
  if (std::exchange(nodes_[id].present, present) != present) apply();
}

void VethNetwork::set_partitioned(NodeId id, bool partitioned) {
  nodes_[id].partitioned = partitioned;
  apply();
}

void VethNetwork::set_link(LinkId id, bool up) {
  links_[id].up = up;
  apply();
}

void VethNetwork::set_extra_delay(LinkId id, Duration extra) {
  links_[id].extra_delay = extra;
  Commands commands;
  shape(commands, id);
  commands.run();
}

void VethNetwork::set_loss(LinkId id, double probability) {
  links_[id].loss = probability;
  apply_shutters(alive());
}

Alive VethNetwork::alive() const {
  Alive alive;
  for (const NodeState& node : nodes_) alive.nodes.push_back(node.present && !node.partitioned);
  for (const LinkState& link : links_) alive.links.push_back(link.up);
  return alive;
}

// Links follow the parts at once; the routers' beliefs follow after the detection delay, each
// change in its turn.
void VethNetwork::apply() {
  const Alive now = alive();
  apply_shutters(now);
  loop_.at(loop_.now() + plan_.routing.detection, [this, now] {
    unlearnt_ = now;
    believe();
  });
}

// Where the plan's faults will need them: mounting one in the middle of the run would hold up all
// clients and servers, which live in this process.
void VethNetwork::mount_shutters() {
  const auto mount = [this](LinkId id) {
    for (Shutter& shutter : links_[id].shutters) shutter.mount();
  };
  for (const scenario::FaultSpec& fault : plan_.faults) {
    if (const auto link = topology_.find_link(fault.target)) mount(*link);
    if (const auto node = topology_.find_node(fault.target))
      for (const scenario::Hop& hop : topology_.neighbours(*node)) mount(hop.link);
  }
}

void VethNetwork::apply_shutters(const Alive& alive) {
  for (LinkId id = 0; id < links_.size(); ++id) {
    const scenario::TopologyLink& link = topology_.links()[id];
    const bool open = alive.link(id) && alive.node(link.a) && alive.node(link.b);
    for (Shutter& shutter : links_[id].shutters) shutter.lose(open ? links_[id].loss : 1);
  }
}

// One round after another: commands of two rounds must not overtake each other.
void VethNetwork::believe() {
  if (!unlearnt_ || !learning_.empty()) return;
  const Instant began = loop_.now();
  for (RunningBatch& batch : learn(*std::exchange(unlearnt_, {})).start()) {
    const int descriptor = batch.descriptor();
    learning_.emplace(descriptor, std::move(batch));
    loop_.watch(descriptor, EPOLLIN, [this, descriptor, began](std::uint32_t) {
      loop_.forget(descriptor);
      learning_.extract(descriptor).mapped().finish();
      slowest_routing_ = std::max(slowest_routing_, loop_.now() - began);
      believe();
    });
  }
}

// What the nodes that choose have to be told.
Commands VethNetwork::learn(const Alive& alive) {
  Commands commands;
  std::vector<Ways> all = ways_when(alive);
  for (NodeId id = 0; id < nodes_.size(); ++id) {
    if (!nodes_[id].chooses) continue;
    for (const std::string& line :
         commands_between(nodes_[id].ways, all[id], plan_.routing.ecmp == "resilient"))
      commands.ip(topology_.nodes()[id].name, line);
    nodes_[id].ways = std::move(all[id]);
  }
  return commands;
}

// The ways of all nodes. A host on one router shares a group with the others there, named by the
// router; other nodes have groups of their own; the VIPs share the last.
std::vector<Ways> VethNetwork::ways_when(const Alive& alive) const {
  std::vector<Ways> all(nodes_.size());
  std::map<NodeId, std::vector<Address>> behind;
  for (NodeId id = 0; id < nodes_.size(); ++id) {
    const Address address = topology_.nodes()[id].address;
    if (nodes_[id].chooses) {
      add_group(all, id, {id}, {address}, alive);
      continue;
    }
    const scenario::Hop& hop = topology_.neighbours(id)[0];
    if (!alive.node(id) || !alive.link(hop.link)) continue;
    behind[hop.node].push_back(address);
    const auto last_link = static_cast<std::uint32_t>(2 * nodes_.size() + 1 + id);
    all[hop.node].groups[last_link] = {{hop.link, 1}};
    all[hop.node].routes[address.as_v4()] = last_link;
  }
  for (const auto& [router, addresses] : behind)
    add_group(all, static_cast<std::uint32_t>(nodes_.size()) + router, {router}, addresses, alive);
  std::vector<Address> vips;
  for (const scenario::VipSpec& vip : plan_.service.vips) vips.push_back(vip.address);
  add_group(all, static_cast<std::uint32_t>(2 * nodes_.size()),
            topology_.of_kind(NodeKind::balancer), vips, alive);
  return all;
}

void VethNetwork::add_group(std::vector<Ways>& all, std::uint32_t group,
                            const std::vector<NodeId>& destinations,
                            const std::vector<Address>& addresses, const Alive& alive) const {
  const scenario::Routes routes = topology_.routes_to(destinations, alive);
  for (NodeId id = 0; id < nodes_.size(); ++id) {
    if (!nodes_[id].chooses || routes.hops[id].empty()) continue;
    std::vector<Way>& ways = all[id].groups[group];
    for (const scenario::Hop& hop : routes.hops[id])
      ways.push_back({hop.link, hop.destination_count});
    for (const Address& address : addresses) all[id].routes[address.as_v4()] = group;
  }
}

std::vector<std::string> VethNetwork::left_out() const {
  if (netem_) return {};
  std::size_t delayed = 0;
  for (const scenario::TopologyLink& link : topology_.links())
    delayed += link.spec.delay > Duration::zero();
  if (delayed == 0) return {};
  return {"delay of " + std::to_string(delayed) +
          " links is not carried out: this kernel has no netem"};
}

std::vector<std::pair<std::string, std::int64_t>> VethNetwork::finish() {
  return {{"routing_late_max_ns", slowest_routing_.count()}};
}

}  // namespace poise::realnet::lab
