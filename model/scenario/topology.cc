// The graph and its equal-cost shortest paths, searched from the destinations outwards.
#include "model/scenario/topology.h"

#include <algorithm>
#include <map>
#include <stdexcept>

#include <boost/graph/breadth_first_search.hpp>
#include <boost/graph/filtered_graph.hpp>
#include <boost/pending/queue.hpp>

#include "model/scenario/topology_shapes.h"

namespace poise::scenario {
namespace {

using Graph = Topology::Graph;
using Edge = boost::graph_traits<Graph>::edge_descriptor;

// Which edges a search from the destinations may take: working ones that leave a destination or a
// router. (An edge of an undirected graph has its source where the iteration stands.)
struct Passable {
  const Graph* graph = nullptr;
  const Topology* topology = nullptr;
  const Alive* alive = nullptr;
  const std::vector<bool>* is_destination = nullptr;

  bool operator()(const Edge& edge) const {
    const auto from = boost::source(edge, *graph);
    return ((*is_destination)[from] || topology->nodes()[from].kind == NodeKind::router) &&
           alive->link(boost::get(boost::edge_index, *graph, edge)) &&
           alive->node(static_cast<NodeId>(from)) &&
           alive->node(static_cast<NodeId>(boost::target(edge, *graph)));
  }
};

class MarkDistance : public boost::default_bfs_visitor {
 public:
  explicit MarkDistance(std::vector<std::uint32_t>& distance) : distance_(distance) {}
  template <class E, class G>
  void tree_edge(E edge, const G& graph) const {
    distance_[boost::target(edge, graph)] = distance_[boost::source(edge, graph)] + 1;
  }

 private:
  std::vector<std::uint32_t>& distance_;
};

std::uint32_t base_address(NodeKind kind) {
  switch (kind) {
    case NodeKind::router:
      return 0x0a000000;
    case NodeKind::client:
      return 0x0a010000;
    case NodeKind::balancer:
      return 0x0a020000;
    case NodeKind::backend:
      return 0x0a030000;
  }
  return 0;
}

// Layers from the clients down: routers by their distance to a client, then balancers, then
// backends; within a layer evenly, in the order of the nodes.
void place(std::vector<TopologyNode>& nodes, const std::vector<std::uint32_t>& distance) {
  std::uint32_t deepest = 0;
  for (std::size_t i = 0; i < nodes.size(); ++i)
    if (nodes[i].kind == NodeKind::router && distance[i] != kUnreachable)
      deepest = std::max(deepest, distance[i]);
  const auto layer_of = [&](std::size_t i) {
    switch (nodes[i].kind) {
      case NodeKind::client:
        return 0u;
      case NodeKind::balancer:
        return deepest + 1;
      case NodeKind::backend:
        return deepest + 2;
      case NodeKind::router:
        break;
    }
    return distance[i] == kUnreachable ? 1u : distance[i];
  };
  std::vector<std::uint32_t> sizes(deepest + 3, 0), used(deepest + 3, 0);
  for (std::size_t i = 0; i < nodes.size(); ++i) ++sizes[layer_of(i)];
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    const std::uint32_t layer = layer_of(i);
    nodes[i].x = (used[layer]++ + 0.5) / sizes[layer];
    nodes[i].y = static_cast<double>(layer) / (deepest + 2);
  }
}

}  // namespace

Topology::Topology(const TopologySpec& spec) {
  const Layout layout = lay_out(spec);
  std::map<std::string_view, NodeId> ids;
  std::uint32_t counts[4] = {};
  for (const NodeSpec& node : layout.nodes) {
    const auto id = static_cast<NodeId>(nodes_.size());
    if (!ids.emplace(node.name, id).second)
      throw std::invalid_argument("two nodes are named " + node.name);
    const std::uint32_t index = counts[static_cast<std::size_t>(node.kind)]++;
    nodes_.push_back({node.name, node.kind, index, false,
                      Address::v4(base_address(node.kind) + index + 1), 0, 0});
  }
  const std::uint32_t backends = counts[static_cast<std::size_t>(NodeKind::backend)];
  for (TopologyNode& node : nodes_)
    node.spare = node.kind == NodeKind::backend && node.index + spec.spares >= backends;

  graph_ = Graph(nodes_.size());
  neighbours_.resize(nodes_.size());
  for (const EdgeSpec& link : layout.links) {
    const auto a = ids.find(link.a), b = ids.find(link.b);
    if (a == ids.end() || b == ids.end())
      throw std::invalid_argument("link " + link.name + " has an unknown end");
    if (a == b) throw std::invalid_argument("link " + link.name + " goes from a node to itself");
    const auto id = static_cast<LinkId>(links_.size());
    links_.push_back({link.name, a->second, b->second, link.link});
    boost::add_edge(a->second, b->second, id, graph_);
    neighbours_[a->second].push_back({id, b->second, 0});
    neighbours_[b->second].push_back({id, a->second, 0});
  }
  place(nodes_, distances_to(of_kind(NodeKind::client), Alive{}));
}

std::optional<NodeId> Topology::find_node(std::string_view name) const {
  for (NodeId id = 0; id < nodes_.size(); ++id)
    if (nodes_[id].name == name) return id;
  return std::nullopt;
}

std::optional<LinkId> Topology::find_link(std::string_view name) const {
  for (LinkId id = 0; id < links_.size(); ++id)
    if (links_[id].name == name) return id;
  return std::nullopt;
}

std::vector<NodeId> Topology::of_kind(NodeKind kind) const {
  std::vector<NodeId> ids;
  for (NodeId id = 0; id < nodes_.size(); ++id)
    if (nodes_[id].kind == kind) ids.push_back(id);
  return ids;
}

Alive Topology::alive_at_start() const {
  Alive alive{std::vector<bool>(nodes_.size(), true), std::vector<bool>(links_.size(), true)};
  for (NodeId id = 0; id < nodes_.size(); ++id) alive.nodes[id] = !nodes_[id].spare;
  return alive;
}

std::vector<std::uint32_t> Topology::distances_to(std::span<const NodeId> destinations,
                                                  const Alive& alive) const {
  std::vector<std::uint32_t> distance(nodes_.size(), kUnreachable);
  std::vector<bool> is_destination(nodes_.size(), false);
  std::vector<NodeId> sources;
  for (const NodeId id : destinations) {
    if (!alive.node(id) || is_destination[id]) continue;
    is_destination[id] = true;
    distance[id] = 0;
    sources.push_back(id);
  }
  const boost::filtered_graph<Graph, Passable> passable(
      graph_, Passable{&graph_, this, &alive, &is_destination});
  std::vector<boost::default_color_type> colors(nodes_.size(), boost::white_color);
  boost::queue<NodeId> queue;
  boost::breadth_first_visit(
      passable, sources.begin(), sources.end(), queue, MarkDistance(distance),
      boost::make_iterator_property_map(colors.begin(), boost::identity_property_map()));
  return distance;
}

Routes Topology::routes_to(std::span<const NodeId> destinations, const Alive& alive) const {
  Routes routes{distances_to(destinations, alive), std::vector<std::vector<Hop>>(nodes_.size())};
  std::vector<NodeId> sources(destinations.begin(), destinations.end());
  std::sort(sources.begin(), sources.end());
  sources.erase(std::unique(sources.begin(), sources.end()), sources.end());
  std::erase_if(sources, [&](NodeId id) { return !alive.node(id); });

  // Outwards, each node reaches what its next hops reach.
  std::vector<NodeId> order;
  for (NodeId id = 0; id < nodes_.size(); ++id)
    if (routes.distance[id] != kUnreachable) order.push_back(id);
  std::stable_sort(order.begin(), order.end(),
                   [&](NodeId a, NodeId b) { return routes.distance[a] < routes.distance[b]; });
  std::vector<std::vector<bool>> reached(nodes_.size());
  for (std::size_t i = 0; i < sources.size(); ++i) {
    reached[sources[i]].assign(sources.size(), false);
    reached[sources[i]][i] = true;
  }
  for (const NodeId id : order) {
    if (routes.distance[id] == 0) continue;
    reached[id].assign(sources.size(), false);
    for (const Hop& hop : neighbours_[id]) {
      const bool forwards =
          routes.distance[hop.node] == 0 || nodes_[hop.node].kind == NodeKind::router;
      if (!forwards || !alive.link(hop.link) ||
          routes.distance[hop.node] + 1 != routes.distance[id])
        continue;
      const auto count = std::count(reached[hop.node].begin(), reached[hop.node].end(), true);
      routes.hops[id].push_back({hop.link, hop.node, static_cast<std::uint32_t>(count)});
      for (std::size_t i = 0; i < sources.size(); ++i)
        if (reached[hop.node][i]) reached[id][i] = true;
    }
  }
  return routes;
}

std::vector<Hop> Topology::next_hops(NodeId from, NodeId to, const Alive& alive) const {
  return routes_to(std::span(&to, 1), alive).hops[from];
}

}  // namespace poise::scenario
