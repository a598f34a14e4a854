// Laws of topologies: shapes as documented, paths as short as any, all equal ones found.
#include "model/scenario/topology.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>

#include "tests/scenario/random_topology.h"

namespace poise::scenario {
namespace {

// Every simple path, by trying everything: for each node the length of the shortest to one of the
// destinations, the first links of the shortest ones, and where they end.
struct Tried {
  std::uint32_t distance = kUnreachable;
  std::map<LinkId, std::set<NodeId>> ends_by_first_link;
};

void try_paths(const Topology& topology, const Alive& alive, const std::set<NodeId>& destinations,
               NodeId at, std::vector<NodeId>& path, std::optional<LinkId> first, Tried& tried) {
  if (destinations.contains(at)) {
    const auto length = static_cast<std::uint32_t>(path.size() - 1);
    if (length > tried.distance) return;
    if (length < tried.distance) tried.ends_by_first_link.clear();
    tried.distance = length;
    if (first) tried.ends_by_first_link[*first].insert(at);
    return;
  }
  if (path.size() > 1 && topology.nodes()[at].kind != NodeKind::router) return;
  for (LinkId id = 0; id < topology.links().size(); ++id) {
    const TopologyLink& link = topology.links()[id];
    if (link.a != at && link.b != at) continue;
    const NodeId next = link.a == at ? link.b : link.a;
    if (!alive.link(id) || !alive.node(next) || std::count(path.begin(), path.end(), next) != 0)
      continue;
    path.push_back(next);
    try_paths(topology, alive, destinations, next, path, first ? first : id, tried);
    path.pop_back();
  }
}

TEST(Routes, AreAllTheShortestPathsAndNoOthers) {
  int routed = 0;
  for (std::uint64_t seed = 1; seed <= 1000; ++seed) {
    const Topology topology(random_topology(seed));
    Rng rng(seed);
    const Alive alive = random_alive(topology, rng);
    std::vector<NodeId> destinations;
    for (const NodeId id : topology.of_kind(NodeKind::balancer)) destinations.push_back(id);
    if (rng.below(2)) destinations = {static_cast<NodeId>(rng.below(topology.nodes().size()))};
    std::set<NodeId> working;
    for (const NodeId id : destinations)
      if (alive.node(id)) working.insert(id);
    const Routes routes = topology.routes_to(destinations, alive);
    for (NodeId id = 0; id < topology.nodes().size(); ++id) {
      Tried tried;
      std::vector<NodeId> path{id};
      if (alive.node(id)) try_paths(topology, alive, working, id, path, std::nullopt, tried);
      SCOPED_TRACE("seed " + std::to_string(seed) + " node " + topology.nodes()[id].name);
      ASSERT_EQ(routes.distance[id], tried.distance);
      ASSERT_EQ(routes.hops[id].size(), tried.ends_by_first_link.size());
      for (const Hop& hop : routes.hops[id]) {
        ASSERT_EQ(hop.destination_count, tried.ends_by_first_link.at(hop.link).size());
        routed += 1;
      }
    }
  }
  EXPECT_GT(routed, 1000);
}

TEST(Routes, NextHopsAreTheRoutesToOneNode) {
  const Topology topology{TopologySpec{}};
  const NodeId from = *topology.find_node("leaf1"), to = *topology.find_node("backend1");
  const std::vector<Hop> hops = topology.next_hops(from, to, Alive{});
  ASSERT_EQ(hops.size(), 2u);  // over both spines
  EXPECT_EQ(topology.nodes()[hops[0].node].name, "spine1");
  EXPECT_EQ(topology.nodes()[hops[1].node].name, "spine2");
  Alive alive = topology.alive_at_start();
  alive.nodes[hops[0].node] = false;
  EXPECT_EQ(topology.next_hops(from, to, alive), std::vector<Hop>{hops[1]});
}

TEST(Routes, AnycastSpreadsOverTheBalancers) {
  TopologySpec spec;
  spec.balancers = 3;
  const Topology topology(spec);
  const Routes routes =
      topology.routes_to(topology.of_kind(NodeKind::balancer), topology.alive_at_start());
  const std::vector<Hop>& up = routes.hops[*topology.find_node("leaf1")];
  ASSERT_EQ(up.size(), 2u);
  EXPECT_EQ(up[0].destination_count, 3u);
  const std::vector<Hop>& down = routes.hops[*topology.find_node("leaf2")];
  ASSERT_EQ(down.size(), 3u);
  for (const Hop& hop : down) {
    EXPECT_EQ(topology.nodes()[hop.node].kind, NodeKind::balancer);
    EXPECT_EQ(hop.destination_count, 1u);
  }
}

class EveryShape : public testing::TestWithParam<Shape> {};

TEST_P(EveryShape, ConnectsEveryHostAndNamesThemInOrder) {
  for (const std::uint32_t clients : {1u, 3u, 40u}) {
    TopologySpec spec;
    spec.shape = GetParam();
    spec.clients = clients;
    spec.balancers = 3;
    spec.backends = 12;
    spec.spares = 2;
    spec.spines = 2;
    const Topology topology(spec);
    EXPECT_EQ(topology.of_kind(NodeKind::client).size(), clients);
    const std::vector<NodeId> backends = topology.of_kind(NodeKind::backend);
    ASSERT_EQ(backends.size(), 14u);
    for (std::size_t i = 0; i < backends.size(); ++i) {
      const TopologyNode& node = topology.nodes()[backends[i]];
      EXPECT_EQ(node.name, "backend" + std::to_string(i + 1));
      EXPECT_EQ(node.index, i);
      EXPECT_EQ(node.spare, i >= 12);
    }
    const Routes routes = topology.routes_to(topology.of_kind(NodeKind::balancer), Alive{});
    for (const std::uint32_t distance : routes.distance) EXPECT_NE(distance, kUnreachable);
  }
}

TEST_P(EveryShape, HasUniqueNamesAddressesAndPlaces) {
  TopologySpec spec;
  spec.shape = GetParam();
  spec.clients = 40;
  spec.spares = 20;
  const Topology topology(spec);
  std::set<std::string> names;
  std::set<Address> addresses;
  std::set<std::pair<double, double>> places;
  for (const TopologyNode& node : topology.nodes()) {
    EXPECT_TRUE(names.insert(node.name).second) << node.name;
    EXPECT_TRUE(addresses.insert(node.address).second) << node.name;
    EXPECT_TRUE(places.insert({node.x, node.y}).second) << node.name;
    EXPECT_TRUE(node.x >= 0 && node.x <= 1 && node.y >= 0 && node.y <= 1) << node.name;
  }
  for (const TopologyLink& link : topology.links()) {
    EXPECT_TRUE(names.insert(link.name).second) << link.name;
    EXPECT_EQ(link.name, topology.nodes()[link.a].name + "-" + topology.nodes()[link.b].name);
    EXPECT_EQ(topology.find_link(link.name), static_cast<LinkId>(&link - topology.links().data()));
  }
}

INSTANTIATE_TEST_SUITE_P(Topology, EveryShape,
                         testing::Values(Shape::leaf, Shape::clos, Shape::wan));

TEST(Topology, AWanRegionIsFartherThanTheOneBefore) {
  TopologySpec spec;
  spec.shape = Shape::wan;
  spec.fabric_link.delay = std::chrono::milliseconds{1};
  const Topology topology(spec);
  for (int region = 1; region <= 4; ++region) {
    const auto link = topology.find_link("region" + std::to_string(region) + "-edge1");
    ASSERT_TRUE(link);
    EXPECT_EQ(topology.links()[*link].spec.delay, std::chrono::milliseconds{1 + 10 * region});
  }
}

TEST(Topology, HostsNeverForward) {
  // c - b - w in a row: the balancer reaches both, but is no way from the client to the backend.
  TopologySpec spec;
  spec.shape = Shape::explicit_;
  spec.nodes = {{"c", NodeKind::client}, {"b", NodeKind::balancer}, {"w", NodeKind::backend}};
  spec.links = {{"", "c", "b", {}}, {"", "b", "w", {}}};
  const Topology topology(spec);
  EXPECT_EQ(topology.next_hops(0, 1, Alive{}).size(), 1u);
  EXPECT_TRUE(topology.next_hops(0, 2, Alive{}).empty());
}

TEST(Topology, RefusesWhatNoPlanMayHave) {
  TopologySpec spec;
  spec.shape = Shape::explicit_;
  spec.nodes = {{"a", NodeKind::client}, {"a", NodeKind::router}};
  EXPECT_THROW(Topology{spec}, std::invalid_argument);
  spec.nodes = {{"a", NodeKind::client}};
  spec.links = {{"", "a", "b", {}}};
  EXPECT_THROW(Topology{spec}, std::invalid_argument);
  spec.links = {{"", "a", "a", {}}};
  EXPECT_THROW(Topology{spec}, std::invalid_argument);
}

TEST(Topology, IsBuiltForTenThousandHosts) {
  TopologySpec spec;
  spec.clients = 10000;
  spec.backends = 1000;
  const Topology topology(spec);
  EXPECT_EQ(topology.nodes().size(), 10000 + 2 + 1000 + 625 + 2 + 1 + 125u);
}

}  // namespace
}  // namespace poise::scenario
