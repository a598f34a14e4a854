// Small explicit topologies by seed, for comparison with searches that try everything.
#pragma once

#include <string>

#include "model/random.h"
#include "model/scenario/topology.h"

namespace poise::scenario {

inline TopologySpec random_topology(std::uint64_t seed) {
  Rng rng(seed, 5);
  TopologySpec spec;
  spec.shape = Shape::explicit_;
  const auto add = [&](NodeKind kind, const std::string& prefix, std::uint64_t count) {
    for (std::uint64_t i = 1; i <= count; ++i)
      spec.nodes.push_back({prefix + std::to_string(i), kind});
  };
  add(NodeKind::client, "c", 1 + rng.below(2));
  add(NodeKind::balancer, "b", 1 + rng.below(2));
  add(NodeKind::backend, "w", 1 + rng.below(3));
  add(NodeKind::router, "r", 1 + rng.below(4));
  const std::size_t links = spec.nodes.size() + rng.below(5);
  for (std::size_t i = 0; i < links; ++i) {
    const std::size_t a = rng.below(spec.nodes.size()), b = rng.below(spec.nodes.size());
    if (a == b) continue;
    spec.links.push_back({"l" + std::to_string(i), spec.nodes[a].name, spec.nodes[b].name, {}});
  }
  return spec;
}

inline Alive random_alive(const Topology& topology, Rng& rng) {
  Alive alive{std::vector<bool>(topology.nodes().size(), true),
              std::vector<bool>(topology.links().size(), true)};
  for (std::size_t i = 0; i < alive.nodes.size(); ++i) alive.nodes[i] = rng.below(6) != 0;
  for (std::size_t i = 0; i < alive.links.size(); ++i) alive.links[i] = rng.below(6) != 0;
  return alive;
}

}  // namespace poise::scenario
