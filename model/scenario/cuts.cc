// Who is served, and what it takes to cut everyone off.
#include "model/scenario/cuts.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include <boost/graph/biconnected_components.hpp>

namespace poise::scenario {
namespace {

// Which working routers are connected: the number of each one's component.
std::vector<std::uint32_t> components(const Topology& topology, const Alive& alive) {
  std::vector<std::uint32_t> component(topology.nodes().size(), kUnreachable);
  std::uint32_t count = 0;
  for (NodeId start = 0; start < component.size(); ++start) {
    const auto is_new = [&](NodeId id) {
      return topology.nodes()[id].kind == NodeKind::router && alive.node(id) &&
             component[id] == kUnreachable;
    };
    if (!is_new(start)) continue;
    std::vector<NodeId> queue{start};
    component[start] = count;
    for (std::size_t i = 0; i < queue.size(); ++i) {
      for (const Hop& hop : topology.neighbours(queue[i])) {
        if (!alive.link(hop.link) || !is_new(hop.node)) continue;
        component[hop.node] = count;
        queue.push_back(hop.node);
      }
    }
    ++count;
  }
  return component;
}

// Working hosts of one kind that reach the same: one of them answers for all. (Few groups, whatever
// the number of hosts.)
struct Group {
  // What its working links lead to: components of routers (false, number) and hosts (true, NodeId).
  using Ends = std::vector<std::pair<bool, std::uint32_t>>;
  NodeId host = 0;
  std::uint32_t size = 0;
  Ends ends;  // sorted

  bool reaches(const Group& other) const {
    if (std::binary_search(ends.begin(), ends.end(), std::pair(true, other.host))) return true;
    return std::any_of(ends.begin(), ends.end(), [&](const auto& end) {
      return !end.first && std::binary_search(other.ends.begin(), other.ends.end(), end);
    });
  }
};

std::vector<Group> groups(const Topology& topology, const Alive& alive,
                          const std::vector<std::uint32_t>& component, NodeKind kind) {
  std::map<Group::Ends, std::size_t> places;
  std::vector<Group> found;
  for (const NodeId host : topology.of_kind(kind)) {
    if (!alive.node(host)) continue;
    Group::Ends ends;
    for (const Hop& hop : topology.neighbours(host)) {
      if (!alive.link(hop.link) || !alive.node(hop.node)) continue;
      const bool is_host = topology.nodes()[hop.node].kind != NodeKind::router;
      ends.emplace_back(is_host, is_host ? hop.node : component[hop.node]);
    }
    std::sort(ends.begin(), ends.end());
    ends.erase(std::unique(ends.begin(), ends.end()), ends.end());
    const auto [place, is_new] = places.emplace(ends, found.size());
    if (is_new) found.push_back({host, 0, std::move(ends)});
    ++found[place->second].size;
  }
  return found;
}

struct Members {
  std::vector<Group> clients, balancers, backends;
};
Members members(const Topology& topology, const Alive& alive) {
  const std::vector<std::uint32_t> component = components(topology, alive);
  return {groups(topology, alive, component, NodeKind::client),
          groups(topology, alive, component, NodeKind::balancer),
          groups(topology, alive, component, NodeKind::backend)};
}

// Who serves a client: a balancer and a backend; nullopt: nobody.
std::optional<std::pair<NodeId, NodeId>> servers_of(const Group& client, const Members& all) {
  for (const Group& balancer : all.balancers) {
    if (!client.reaches(balancer)) continue;
    for (const Group& backend : all.backends)
      if (balancer.reaches(backend) && backend.reaches(client))
        return std::pair(balancer.host, backend.host);
  }
  return std::nullopt;
}

// From one host over working routers: for each node that is reached, the link and the node one step
// nearer to the start.
std::vector<Hop> search(const Topology& topology, const Alive& alive, NodeId start) {
  std::vector<Hop> back(topology.nodes().size());
  std::vector<bool> reached(topology.nodes().size(), false);
  reached[start] = true;
  std::vector<NodeId> queue{start};
  for (std::size_t i = 0; i < queue.size(); ++i) {
    if (queue[i] != start && topology.nodes()[queue[i]].kind != NodeKind::router) continue;
    for (const Hop& hop : topology.neighbours(queue[i])) {
      if (reached[hop.node] || !alive.link(hop.link) || !alive.node(hop.node)) continue;
      reached[hop.node] = true;
      back[hop.node] = {hop.link, queue[i], 0};
      queue.push_back(hop.node);
    }
  }
  return back;
}

// A chain of working parts client -> balancer -> backend -> client, without the client itself.
std::optional<std::vector<Part>> serving_chain(const Topology& topology, const Alive& alive) {
  const Members all = members(topology, alive);
  for (const Group& client : all.clients) {
    const auto servers = servers_of(client, all);
    if (!servers) continue;
    std::set<Part> parts;
    const auto walk = [&](const std::vector<Hop>& back, NodeId from, NodeId to) {
      for (NodeId at = to; at != from; at = back[at].node) {
        parts.insert({Part::Kind::node, at});
        parts.insert({Part::Kind::link, back[at].link});
      }
    };
    const auto [balancer, backend] = *servers;
    const std::vector<Hop> from_client = search(topology, alive, client.host);
    walk(from_client, client.host, balancer);
    walk(from_client, client.host, backend);
    walk(search(topology, alive, balancer), balancer, backend);
    return std::vector<Part>(parts.begin(), parts.end());
  }
  return std::nullopt;
}

void set_alive(Alive& alive, Part part, bool value) {
  (part.kind == Part::Kind::node ? alive.nodes : alive.links)[part.id] = value;
}

void extend(const Topology& topology, Alive& alive, std::vector<Part>& removed,
            std::size_t size_max, std::set<std::vector<Part>>& visited,
            std::set<std::vector<Part>>& cuts) {
  std::vector<Part> sorted = removed;
  std::sort(sorted.begin(), sorted.end());
  if (!visited.insert(sorted).second) return;
  const std::optional<std::vector<Part>> chain = serving_chain(topology, alive);
  if (!chain) {
    cuts.insert(std::move(sorted));
    return;
  }
  if (removed.size() == size_max) return;
  for (const Part part : *chain) {
    set_alive(alive, part, false);
    removed.push_back(part);
    extend(topology, alive, removed, size_max, visited, cuts);
    removed.pop_back();
    set_alive(alive, part, true);
  }
}

std::uint32_t backends_reached(const Topology& topology, const Alive& alive) {
  const Members all = members(topology, alive);
  std::uint32_t count = 0;
  for (const Group& backend : all.backends)
    if (std::any_of(all.balancers.begin(), all.balancers.end(),
                    [&](const Group& balancer) { return balancer.reaches(backend); }))
      count += backend.size;
  return count;
}

// Hosts that another one of their kind with the same neighbours answers for.
std::vector<bool> replaceable_hosts(const Topology& topology, const Alive& alive) {
  std::vector<bool> replaceable(topology.nodes().size(), false);
  for (const NodeKind kind : {NodeKind::balancer, NodeKind::backend}) {
    std::map<std::vector<NodeId>, std::vector<NodeId>> alike;
    for (const NodeId host : topology.of_kind(kind)) {
      if (!alive.node(host)) continue;
      std::vector<NodeId> ends;
      for (const Hop& hop : topology.neighbours(host)) ends.push_back(hop.node);
      std::sort(ends.begin(), ends.end());
      alike[ends].push_back(host);
    }
    for (const auto& [ends, hosts] : alike)
      for (const NodeId host : hosts) replaceable[host] = hosts.size() > 1;
  }
  return replaceable;
}

// Parts worth taking away one by one. Only routers forward, so a link between routers matters when
// it is a bridge of the graph of routers, and a router when it is an articulation point there or
// carries hosts. Of several hosts with the same neighbours none matters. Clients and their links do
// not count.
std::vector<Part> candidates(const Topology& topology, const Alive& alive) {
  const auto is_router = [&](NodeId id) { return topology.nodes()[id].kind == NodeKind::router; };
  Topology::Graph routers(topology.nodes().size());
  for (LinkId id = 0; id < topology.links().size(); ++id)
    if (is_router(topology.links()[id].a) && is_router(topology.links()[id].b))
      boost::add_edge(topology.links()[id].a, topology.links()[id].b, id, routers);
  std::vector<std::size_t> block(topology.links().size(), 0);
  std::vector<std::size_t> articulations;
  boost::biconnected_components(
      routers,
      boost::make_iterator_property_map(block.begin(), boost::get(boost::edge_index, routers)),
      std::back_inserter(articulations));
  std::map<std::size_t, std::set<NodeId>> ends_of_block;  // a bridge's has two
  for (LinkId id = 0; id < topology.links().size(); ++id)
    if (is_router(topology.links()[id].a) && is_router(topology.links()[id].b))
      ends_of_block[block[id]].insert({topology.links()[id].a, topology.links()[id].b});

  std::vector<bool> matters(topology.nodes().size(), false);
  for (const std::size_t id : articulations) matters[id] = true;
  const std::vector<bool> replaceable = replaceable_hosts(topology, alive);
  for (NodeId id = 0; id < topology.nodes().size(); ++id) {
    if (is_router(id)) continue;
    matters[id] =
        topology.nodes()[id].kind != NodeKind::client && alive.node(id) && !replaceable[id];
    for (const Hop& hop : topology.neighbours(id))
      if (is_router(hop.node)) matters[hop.node] = true;
  }
  std::vector<Part> parts;
  for (NodeId id = 0; id < topology.nodes().size(); ++id)
    if (matters[id]) parts.push_back({Part::Kind::node, id});
  for (LinkId id = 0; id < topology.links().size(); ++id) {
    const NodeId a = topology.links()[id].a, b = topology.links()[id].b;
    const bool between_routers = is_router(a) && is_router(b);
    const bool counts = between_routers
                            ? ends_of_block[block[id]].size() == 2
                            : (is_router(a) || matters[a]) && (is_router(b) || matters[b]);
    if (counts) parts.push_back({Part::Kind::link, id});
  }
  return parts;
}

}  // namespace

std::string_view name_of(const Topology& topology, Part part) {
  return part.kind == Part::Kind::node ? std::string_view(topology.nodes()[part.id].name)
                                       : std::string_view(topology.links()[part.id].name);
}

std::uint32_t clients_served(const Topology& topology, const Alive& alive) {
  const Members all = members(topology, alive);
  std::uint32_t served = 0;
  for (const Group& client : all.clients)
    if (servers_of(client, all)) served += client.size;
  return served;
}

std::vector<SinglePoint> single_points(const Topology& topology) {
  Alive alive = topology.alive_at_start();
  const std::uint32_t clients = clients_served(topology, alive);
  const std::uint32_t backends = backends_reached(topology, alive);
  std::vector<SinglePoint> points;
  for (const Part part : candidates(topology, alive)) {
    set_alive(alive, part, false);
    const SinglePoint point{part, clients - clients_served(topology, alive),
                            backends - backends_reached(topology, alive)};
    set_alive(alive, part, true);
    if (point.clients_cut > 0 || point.backends_cut > 1) points.push_back(point);
  }
  return points;
}

std::vector<std::vector<Part>> cut_sets(const Topology& topology, std::size_t size_max) {
  Alive alive = topology.alive_at_start();
  std::vector<Part> removed;
  std::set<std::vector<Part>> visited, cuts;
  extend(topology, alive, removed, size_max, visited, cuts);
  std::vector<std::vector<Part>> minimal(cuts.begin(), cuts.end());
  std::stable_sort(minimal.begin(), minimal.end(),
                   [](const auto& a, const auto& b) { return a.size() < b.size(); });
  std::vector<std::vector<Part>> kept;
  for (const std::vector<Part>& cut : minimal)
    if (std::none_of(kept.begin(), kept.end(), [&](const std::vector<Part>& smaller) {
          return std::includes(cut.begin(), cut.end(), smaller.begin(), smaller.end());
        }))
      kept.push_back(cut);
  return kept;
}

}  // namespace poise::scenario
