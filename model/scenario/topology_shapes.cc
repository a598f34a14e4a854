// Shapes as nodes and links: hosts first, then routers from the clients' side to the backends'.
#include "model/scenario/topology_shapes.h"

#include <algorithm>

namespace poise::scenario {
namespace {

constexpr std::uint32_t kClientsPerLeaf = 16;
constexpr std::uint32_t kBackendsPerLeaf = 8;
constexpr std::uint32_t kRegions = 4;
constexpr std::uint32_t kAggregationsPerPod = 2;
constexpr Duration kRegionDelay = std::chrono::milliseconds{10};

using Names = std::vector<std::string>;

class Builder {
 public:
  explicit Builder(const TopologySpec& spec) : spec_(spec) {}

  Names add(NodeKind kind, std::string_view prefix, std::uint32_t count) {
    std::uint32_t first = 1;
    for (const NodeSpec& node : layout_.nodes)
      first += node.name.starts_with(prefix) && node.kind == kind &&
               node.name.size() > prefix.size() && node.name[prefix.size()] <= '9';
    Names names;
    for (std::uint32_t i = 0; i < count; ++i) {
      names.push_back(std::string(prefix) + std::to_string(first + i));
      layout_.nodes.push_back({names.back(), kind});
    }
    return names;
  }

  void link(const std::string& a, const std::string& b, const LinkSpec& spec) {
    layout_.links.push_back({a + "-" + b, a, b, spec});
  }
  // Every one of `a` with every one of `b`.
  void mesh(const Names& a, const Names& b, const LinkSpec& spec) {
    for (const std::string& from : a)
      for (const std::string& to : b) link(from, to, spec);
  }
  // The hosts in blocks of `per_leaf` on the leaves.
  void attach(const Names& hosts, const Names& leaves, std::uint32_t per_leaf,
              const LinkSpec& spec) {
    for (std::size_t i = 0; i < hosts.size(); ++i) link(hosts[i], leaves[i / per_leaf], spec);
  }

  struct Hosts {
    Names clients, balancers, backends;
  };
  Hosts add_hosts() {
    return {add(NodeKind::client, "client", spec_.clients),
            add(NodeKind::balancer, "balancer", spec_.balancers),
            add(NodeKind::backend, "backend", spec_.backends + spec_.spares)};
  }

  Layout take() { return std::move(layout_); }

 private:
  const TopologySpec& spec_;
  Layout layout_;
};

constexpr std::uint32_t leaves_for(std::size_t hosts, std::uint32_t per_leaf) {
  return static_cast<std::uint32_t>((hosts + per_leaf - 1) / per_leaf);
}

// The balancer leaf and the backend leaves with their hosts, linked to the routers above.
void add_data_center(Builder& builder, const TopologySpec& spec, const Builder::Hosts& hosts,
                     const Names& above) {
  const Names balancer_leaf = builder.add(NodeKind::router, "leaf", 1);
  const Names leaves =
      builder.add(NodeKind::router, "leaf", leaves_for(hosts.backends.size(), kBackendsPerLeaf));
  builder.mesh(balancer_leaf, above, spec.fabric_link);
  builder.mesh(leaves, above, spec.fabric_link);
  builder.mesh(hosts.balancers, balancer_leaf, spec.balancer_link);
  builder.attach(hosts.backends, leaves, kBackendsPerLeaf, spec.backend_link);
}

Layout leaf(const TopologySpec& spec) {
  Builder builder(spec);
  const Builder::Hosts hosts = builder.add_hosts();
  const Names leaves =
      builder.add(NodeKind::router, "leaf", leaves_for(hosts.clients.size(), kClientsPerLeaf));
  const Names spines = builder.add(NodeKind::router, "spine", spec.spines);
  builder.attach(hosts.clients, leaves, kClientsPerLeaf, spec.client_link);
  builder.mesh(leaves, spines, spec.fabric_link);
  add_data_center(builder, spec, hosts, spines);
  return builder.take();
}

Layout clos(const TopologySpec& spec) {
  Builder builder(spec);
  const Builder::Hosts hosts = builder.add_hosts();
  const Names cores = builder.add(NodeKind::router, "core", spec.spines);
  const auto pod = [&](std::uint32_t leaf_count) {
    const Names aggregations = builder.add(NodeKind::router, "agg", kAggregationsPerPod);
    const Names leaves = builder.add(NodeKind::router, "leaf", leaf_count);
    builder.mesh(aggregations, cores, spec.fabric_link);
    builder.mesh(leaves, aggregations, spec.fabric_link);
    return leaves;
  };
  const Names client_leaves = pod(leaves_for(hosts.clients.size(), kClientsPerLeaf));
  builder.attach(hosts.clients, client_leaves, kClientsPerLeaf, spec.client_link);
  builder.mesh(hosts.balancers, pod(1), spec.balancer_link);
  const Names backend_leaves = pod(leaves_for(hosts.backends.size(), kBackendsPerLeaf));
  builder.attach(hosts.backends, backend_leaves, kBackendsPerLeaf, spec.backend_link);
  return builder.take();
}

Layout wan(const TopologySpec& spec) {
  Builder builder(spec);
  const Builder::Hosts hosts = builder.add_hosts();
  const Names regions = builder.add(NodeKind::router, "region", std::min(spec.clients, kRegions));
  const Names edges = builder.add(NodeKind::router, "edge", spec.spines);
  const auto per_region =
      leaves_for(hosts.clients.size(), static_cast<std::uint32_t>(regions.size()));
  builder.attach(hosts.clients, regions, per_region, spec.client_link);
  LinkSpec far = spec.fabric_link;
  for (const std::string& region : regions) {
    far.delay += kRegionDelay;
    builder.mesh({region}, edges, far);
  }
  add_data_center(builder, spec, hosts, edges);
  return builder.take();
}

}  // namespace

Layout lay_out(const TopologySpec& spec) {
  switch (spec.shape) {
    case Shape::leaf:
      return leaf(spec);
    case Shape::clos:
      return clos(spec);
    case Shape::wan:
      return wan(spec);
    case Shape::explicit_:
      break;
  }
  Layout layout{spec.nodes, spec.links};
  for (EdgeSpec& link : layout.links)
    if (link.name.empty()) link.name = link.a + "-" + link.b;
  return layout;
}

}  // namespace poise::scenario
