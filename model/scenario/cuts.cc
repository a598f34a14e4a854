// Who is served, and what it takes to cut everyone off.
#include "model/scenario/cuts.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>

namespace poise::scenario {
namespace {

// The working hosts of one kind, grouped: hosts whose working links lead to the same nodes reach
// the same, so one of them answers for all. (Few groups, whatever the number of hosts.)
struct Group {
  NodeId host = 0;
  std::uint32_t size = 0;
};

std::vector<Group> groups(const Topology& topology, const Alive& alive, NodeKind kind) {
  std::map<std::vector<NodeId>, std::size_t> places;
  std::vector<Group> found;
  for (const NodeId host : topology.of_kind(kind)) {
    if (!alive.node(host)) continue;
    std::vector<NodeId> ends;
    for (const Hop& hop : topology.neighbours(host))
      if (alive.link(hop.link) && alive.node(hop.node)) ends.push_back(hop.node);
    std::sort(ends.begin(), ends.end());
    const auto [place, is_new] = places.emplace(std::move(ends), found.size());
    if (is_new) found.push_back({host, 0});
    ++found[place->second].size;
  }
  return found;
}

// What a search from one host reaches, and how it got there.
struct Search {
  std::vector<bool> reached;
  std::vector<Hop> back;  // by node: the link and node one step nearer to the start
};

Search search(const Topology& topology, const Alive& alive, NodeId start) {
  Search found{std::vector<bool>(topology.nodes().size(), false),
               std::vector<Hop>(topology.nodes().size())};
  if (!alive.node(start)) return found;
  found.reached[start] = true;
  std::vector<NodeId> queue{start};
  for (std::size_t i = 0; i < queue.size(); ++i) {
    if (queue[i] != start && topology.nodes()[queue[i]].kind != NodeKind::router) continue;
    for (const Hop& hop : topology.neighbours(queue[i])) {
      if (found.reached[hop.node] || !alive.link(hop.link) || !alive.node(hop.node)) continue;
      found.reached[hop.node] = true;
      found.back[hop.node] = {hop.link, queue[i], 0};
      queue.push_back(hop.node);
    }
  }
  return found;
}

// A chain of working parts client -> balancer -> backend -> client, without the client itself.
std::optional<std::vector<Part>> serving_chain(const Topology& topology, const Alive& alive) {
  const std::vector<Group> balancers = groups(topology, alive, NodeKind::balancer);
  const std::vector<Group> backends = groups(topology, alive, NodeKind::backend);
  std::vector<Search> from_balancer;
  for (const Group& balancer : balancers)
    from_balancer.push_back(search(topology, alive, balancer.host));
  for (const Group& client : groups(topology, alive, NodeKind::client)) {
    const Search from_client = search(topology, alive, client.host);
    for (std::size_t i = 0; i < balancers.size(); ++i) {
      if (!from_client.reached[balancers[i].host]) continue;
      for (const Group& backend : backends) {
        if (!from_client.reached[backend.host] || !from_balancer[i].reached[backend.host]) continue;
        std::set<Part> parts;
        const auto walk = [&](const Search& found, NodeId from, NodeId to) {
          for (NodeId at = to; at != from; at = found.back[at].node) {
            parts.insert({Part::Kind::node, at});
            parts.insert({Part::Kind::link, found.back[at].link});
          }
        };
        walk(from_client, client.host, balancers[i].host);
        walk(from_balancer[i], balancers[i].host, backend.host);
        walk(from_client, client.host, backend.host);
        return std::vector<Part>(parts.begin(), parts.end());
      }
    }
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
  const std::vector<Group> balancers = groups(topology, alive, NodeKind::balancer);
  std::vector<bool> reached(topology.nodes().size(), false);
  for (const Group& balancer : balancers) {
    const Search found = search(topology, alive, balancer.host);
    for (std::size_t id = 0; id < reached.size(); ++id)
      if (found.reached[id]) reached[id] = true;
  }
  std::uint32_t count = 0;
  for (const NodeId backend : topology.of_kind(NodeKind::backend)) count += reached[backend];
  return count;
}

// Parts worth taking away one by one: not clients and their links; and of several hosts with the
// same neighbours none, because another one answers for it.
std::vector<Part> candidates(const Topology& topology, const Alive& alive) {
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
  const auto counts = [&](NodeId id) {
    return alive.node(id) && topology.nodes()[id].kind != NodeKind::client && !replaceable[id];
  };
  std::vector<Part> parts;
  for (NodeId id = 0; id < topology.nodes().size(); ++id)
    if (counts(id)) parts.push_back({Part::Kind::node, id});
  for (LinkId id = 0; id < topology.links().size(); ++id)
    if (counts(topology.links()[id].a) && counts(topology.links()[id].b))
      parts.push_back({Part::Kind::link, id});
  return parts;
}

}  // namespace

std::string_view name_of(const Topology& topology, Part part) {
  return part.kind == Part::Kind::node ? std::string_view(topology.nodes()[part.id].name)
                                       : std::string_view(topology.links()[part.id].name);
}

std::uint32_t clients_served(const Topology& topology, const Alive& alive) {
  const std::vector<Group> balancers = groups(topology, alive, NodeKind::balancer);
  const std::vector<Group> backends = groups(topology, alive, NodeKind::backend);
  std::vector<Search> from_balancer;
  for (const Group& balancer : balancers)
    from_balancer.push_back(search(topology, alive, balancer.host));
  std::uint32_t served = 0;
  for (const Group& client : groups(topology, alive, NodeKind::client)) {
    const Search from_client = search(topology, alive, client.host);
    const auto serves = [&](std::size_t i) {
      return from_client.reached[balancers[i].host] &&
             std::any_of(backends.begin(), backends.end(), [&](const Group& backend) {
               return from_client.reached[backend.host] && from_balancer[i].reached[backend.host];
             });
    };
    bool found = false;
    for (std::size_t i = 0; i < balancers.size() && !found; ++i) found = serves(i);
    if (found) served += client.size;
  }
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
