// The graph of an experiment: hosts, routers and links of a shape, with equal-cost shortest paths.
//
// Only routers forward: a client, balancer or backend with several links is never a way for others.
// Paths are shortest by number of links; among equals all count (equal-cost multipath).
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <boost/graph/adjacency_list.hpp>

#include "model/address.h"
#include "model/scenario/plan.h"

namespace poise::scenario {

using NodeId = std::uint32_t;  // place in Topology::nodes()
using LinkId = std::uint32_t;  // place in Topology::links()

struct TopologyNode {
  std::string name;
  NodeKind kind = NodeKind::router;
  std::uint32_t index = 0;  // among the nodes of its kind, from 0 ("backend1" has 0)
  bool spare = false;       // absent at the start
  Address address;  // the same in every world: clients 10.1.0.0/16, balancers 10.2, backends 10.3,
                    // routers 10.0
  double x = 0,
         y = 0;  // for drawing: x in [0, 1] left to right, y in [0, 1] clients (0) to backends (1)
};

struct TopologyLink {
  std::string name;
  NodeId a = 0, b = 0;
  LinkSpec spec;
};

// Which parts work. An empty vector means: all of them.
struct Alive {
  std::vector<bool> nodes;
  std::vector<bool> links;

  bool node(NodeId id) const { return nodes.empty() || nodes[id]; }
  bool link(LinkId id) const { return links.empty() || links[id]; }
};

// One of the equal-cost ways on.
struct Hop {
  LinkId link = 0;
  NodeId node = 0;  // the neighbour at its other end
  std::uint32_t destination_count =
      0;  // how many of the nearest destinations are reached through it

  friend bool operator==(const Hop&, const Hop&) = default;
};

inline constexpr std::uint32_t kUnreachable = 0xffffffff;

// The ways from every node to the nearest of some destinations.
struct Routes {
  std::vector<std::uint32_t> distance;  // in links, by NodeId; kUnreachable
  std::vector<std::vector<Hop>>
      hops;  // by NodeId, sorted by link; empty at a destination and where unreachable
};

class Topology {
 public:
  using Graph =
      boost::adjacency_list<boost::vecS, boost::vecS, boost::undirectedS, boost::no_property,
                            boost::property<boost::edge_index_t, LinkId>>;

  // Throws std::invalid_argument for what check_plan refuses: equal names, links to unknown nodes
  // or from a node to itself.
  explicit Topology(const TopologySpec& spec);

  const std::vector<TopologyNode>& nodes() const { return nodes_; }
  const std::vector<TopologyLink>& links() const { return links_; }
  const Graph& graph() const { return graph_; }

  std::optional<NodeId> find_node(std::string_view name) const;
  std::optional<LinkId> find_link(std::string_view name) const;
  // All nodes of a kind (spares too), by index.
  std::vector<NodeId> of_kind(NodeKind kind) const;
  // The links of a node with their other ends, by link.
  std::span<const Hop> neighbours(NodeId node) const { return neighbours_[node]; }

  // Everything works, but the spares are absent.
  Alive alive_at_start() const;

  // Links from every node to the nearest alive one of `destinations`. O(nodes + links).
  std::vector<std::uint32_t> distances_to(std::span<const NodeId> destinations,
                                          const Alive& alive) const;
  // Anycast: ways to the nearest alive ones of `destinations`. One destination is plain routing.
  // O(nodes + links) time, and destinations/64 times that for the counts.
  Routes routes_to(std::span<const NodeId> destinations, const Alive& alive) const;
  // The equal-cost ways from one node to another; empty when there are none. As expensive as
  // routes_to.
  std::vector<Hop> next_hops(NodeId from, NodeId to, const Alive& alive) const;

 private:
  std::vector<TopologyNode> nodes_;
  std::vector<TopologyLink> links_;
  std::vector<std::vector<Hop>> neighbours_;
  Graph graph_;
};

}  // namespace poise::scenario
