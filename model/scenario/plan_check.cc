// Rules between the keys of a plan, section by section (faults have their own file).
#include "model/scenario/plan_check.h"

#include <cmath>
#include <set>
#include <stdexcept>

#include "model/policy/policy.h"
#include "model/scenario/cuts.h"
#include "model/scenario/schema.h"
#include "model/scenario/topology.h"
#include "model/scenario/words.h"
#include "model/scenario/workload.h"

namespace poise::scenario {
namespace {

constexpr std::uint32_t kHostsMax = 65000;  // of one kind: their addresses share a /16

bool is_name(std::string_view name) {
  for (const char c : name)
    if (!(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') && !(c >= '0' && c <= '9') && c != '_' &&
        c != '.' && c != '-')
      return false;
  return !name.empty() && name.size() <= 64;
}

std::string place(std::string_view list, std::size_t index, std::string_view key) {
  return std::string(list) + "." + std::to_string(index) + "." + std::string(key);
}

void check_nodes(const TopologySpec& spec, std::set<std::string_view>& names, Problems& problems) {
  for (std::size_t i = 0; i < spec.nodes.size(); ++i) {
    const std::string key = place("topology.node", i, "name");
    const std::string& name = spec.nodes[i].name;
    if (!is_name(name))
      problems.add(key, key + " is " + quoted(name) +
                            "; allowed: 1 to 64 letters, digits, `_`, `.` and `-`");
    if (!names.insert(name).second)
      problems.add(key, key + " is " + quoted(name) + ", as another node's is");
  }
}

void check_links(const TopologySpec& spec, std::set<std::string_view>& names, Problems& problems) {
  const std::vector<std::string_view> nodes(names.begin(), names.end());
  std::set<std::string> links;
  for (std::size_t i = 0; i < spec.links.size(); ++i) {
    const EdgeSpec& link = spec.links[i];
    for (const auto& [end, node] : {std::pair("a", &link.a), std::pair("b", &link.b)}) {
      const std::string key = place("topology.link", i, end);
      if (!names.contains(*node))
        problems.add(key, key + " is " + quoted(*node) + ", which is no node; nodes: " +
                              listed(std::span(nodes)) + did_you_mean(*node, nodes));
    }
    const std::string key = place("topology.link", i, "name");
    const std::string name = link.name.empty() ? link.a + "-" + link.b : link.name;
    if (link.a == link.b)
      problems.add(key, key + ": " + quoted(name) + " goes from a node to itself");
    if (!link.name.empty() && !is_name(name))
      problems.add(key, key + " is " + quoted(name) +
                            "; allowed: 1 to 64 letters, digits, `_`, `.` and `-`");
    if (names.contains(name))
      problems.add(key, key + " is " + quoted(name) + ", as a node's name is");
    if (!links.insert(name).second)
      problems.add(
          key, key + " is " + quoted(name) + ", as another link's is; parallel links need names");
  }
}

void check_counts(const TopologySpec& spec, Problems& problems) {
  std::uint32_t counts[4] = {};
  for (const NodeSpec& node : spec.nodes) ++counts[static_cast<std::size_t>(node.kind)];
  for (const NodeKind kind : {NodeKind::client, NodeKind::balancer, NodeKind::backend}) {
    const std::uint32_t count = counts[static_cast<std::size_t>(kind)];
    if (count == 0)
      problems.add("topology",
                   "topology.node has no node of kind \"" + std::string(to_string(kind)) + "\"");
    if (count > kHostsMax)
      problems.add("topology", "topology.node has " + std::to_string(count) + " nodes of kind \"" +
                                   std::string(to_string(kind)) + "\"; allowed: up to " +
                                   std::to_string(kHostsMax));
  }
  const std::uint32_t backends = counts[static_cast<std::size_t>(NodeKind::backend)];
  if (backends > 0 && spec.spares >= backends)
    problems.add("topology.spares", "topology.spares is " + std::to_string(spec.spares) +
                                        "; allowed: less than the " + std::to_string(backends) +
                                        " nodes of kind \"backend\"");
}

void check_explicit(const TopologySpec& spec, Problems& problems) {
  const TopologySpec defaults;
  const std::pair<std::string, bool> idle[] = {{"clients", spec.clients != defaults.clients},
                                               {"balancers", spec.balancers != defaults.balancers},
                                               {"backends", spec.backends != defaults.backends},
                                               {"spines", spec.spines != defaults.spines}};
  for (const auto& [key, given] : idle)
    if (given)
      problems.add(
          "topology." + key,
          "topology." + key + " has no meaning when topology.shape is \"explicit\"; list nodes");
  std::set<std::string_view> names;
  check_nodes(spec, names, problems);
  check_links(spec, names, problems);
  check_counts(spec, problems);
  if (!problems.empty()) return;
  const Topology topology(spec);
  if (clients_served(topology, topology.alive_at_start()) == 0)
    problems.add("topology",
                 "topology: no client has a way to a balancer, on to a backend and back");
}

}  // namespace

void check_topology(const Plan& plan, Problems& problems) {
  const TopologySpec& spec = plan.topology;
  if (spec.shape == Shape::explicit_) return check_explicit(spec, problems);
  if (!spec.nodes.empty() || !spec.links.empty()) {
    const std::string key = spec.nodes.empty() ? "topology.link" : "topology.node";
    problems.add(key, key + " is for topology.shape \"explicit\"; it is \"" +
                          std::string(to_string(spec.shape)) + "\"");
  }
}

void check_service(const Plan& plan, Problems& problems) {
  const ServiceSpec& service = plan.service;
  if (service.vips.empty())
    problems.add("service.vip", "service.vip is empty; expected at least one");
  for (std::size_t i = 0; i < service.vips.size(); ++i) {
    const VipSpec& vip = service.vips[i];
    const std::string key = place("service.vip", i, "address");
    for (std::size_t j = 0; j < i; ++j)
      if (service.vips[j] == vip)
        problems.add(key, key + " is " + quoted(vip.address.to_string()) +
                              " with the port and protocol of another vip");
    if (vip.address.is_unspecified() ||
        (vip.address.is_v4() && vip.address.as_v4() >> 18 == 0x0a000000 >> 18))
      problems.add(key, key + " is " + quoted(vip.address.to_string()) +
                            "; allowed: outside 10.0.0.0/14, where the hosts and routers live");
    else if (!vip.address.is_single_host())
      problems.add(key, key + " is " + quoted(vip.address.to_string()) +
                            "; allowed: the address of a single host");
    if (!vip.address.is_v4() && service.mtu < 1280)
      problems.add("service.mtu_bytes", "service.mtu_bytes is " + std::to_string(service.mtu) +
                                            "; allowed: at least 1280 with an IPv6 vip");
  }
  std::size_t hosts = std::size_t{plan.topology.backends} + plan.topology.spares;
  if (plan.topology.shape == Shape::explicit_) {
    hosts = 0;
    for (const NodeSpec& node : plan.topology.nodes) hosts += node.kind == NodeKind::backend;
  }
  if (service.weights.size() > hosts)
    problems.add("service.weights",
                 "service.weights has " + std::to_string(service.weights.size()) +
                     " elements; allowed: up to " + std::to_string(hosts) + ", one a backend");
}

void check_policy(const Plan& plan, Problems& problems) {
  const PolicySpec& spec = plan.policy;
  const ControlSpec& control = plan.control;
  for (const policy::Entry& entry : policy::catalogue()) {
    if (entry.kind != spec.kind) continue;
    try {
      policy::make(
          {.kind = spec.kind, .table_size = spec.table_size, .virtual_nodes = spec.virtual_nodes});
    } catch (const std::invalid_argument& error) {
      problems.add("policy.table_size", std::string("policy.") + error.what());
    }
  }
  if (control.timeout <= control.heartbeat)
    problems.add("control.timeout_s", "control.timeout_s is " + to_toml(control.timeout) +
                                          "; allowed: more than control.heartbeat_s, which is " +
                                          to_toml(control.heartbeat));
}

namespace {

void check_size_points(const WorkloadSpec& workload, Problems& problems) {
  const std::string key = "workload.size_points";
  const auto& points = workload.size_points;
  if (workload.sizes != "points") {
    if (!points.empty())
      problems.add(key, key + " has no meaning when workload.sizes is " + quoted(workload.sizes));
    return;
  }
  if (points.size() < 2)
    return problems.add(
        key, key + " has " + std::to_string(points.size()) + " pairs; expected at least 2");
  if (points.front().second != 0 || points.back().second != 100)
    problems.add(key, key + " goes from " + to_toml(points.front().second) + " to " +
                          to_toml(points.back().second) + " percent; expected 0 to 100");
  for (std::size_t i = 0; i < points.size(); ++i) {
    const auto& [bytes, percent] = points[i];
    const bool falls = i > 0 && !(bytes > points[i - 1].first && percent >= points[i - 1].second);
    if (falls || !(bytes >= 0 && bytes <= 1e12 && percent >= 0 && percent <= 100)) {
      problems.add(key, key + " has [" + to_toml(bytes) + ", " + to_toml(percent) + "] as pair " +
                            std::to_string(i + 1) +
                            "; expected bytes that grow and percent that do not fall");
      return;
    }
  }
}

}  // namespace

void check_workload(const Plan& plan, Problems& problems) {
  const WorkloadSpec& workload = plan.workload;
  check_size_points(workload, problems);
  if (workload.start >= plan.duration)
    problems.add("workload.start_s", "workload.start_s is " + to_toml(workload.start) +
                                         "; allowed: less than duration_s, which is " +
                                         to_toml(plan.duration));
  if (workload.stop != Duration{} &&
      (workload.stop <= workload.start || workload.stop > plan.duration))
    problems.add("workload.stop_s", "workload.stop_s is " + to_toml(workload.stop) +
                                        "; allowed: after workload.start_s and up to duration_s: " +
                                        to_toml(workload.start) + " to " + to_toml(plan.duration));
  if ((workload.message_bytes == 0) != (workload.message_interval == Duration{})) {
    const std::string given =
        workload.message_bytes ? "workload.message_bytes" : "workload.message_interval_s";
    const std::string missing =
        workload.message_bytes ? "workload.message_interval_s" : "workload.message_bytes";
    problems.add(given, given + " has no meaning without " + missing);
  }
  const double seconds = to_seconds(workload_stop(plan) - Instant{} - workload.start);
  const double flows = workload.rate_per_s * seconds;
  const bool bounded = workload.flow_count_max != 0;
  if (workload.arrivals == "open" && !bounded && flows > static_cast<double>(kFlowCountMax) * 0.99)
    problems.add("workload.rate_per_s",
                 "workload.rate_per_s is " + to_toml(workload.rate_per_s) + ", which gives about " +
                     to_toml(std::round(flows)) +
                     " flows; allowed: up to 10000000, or set workload.flow_count_max");
  if (workload.arrivals == "closed" && workload.concurrency > kSourcePortCount)
    problems.add("workload.concurrency", "workload.concurrency is " +
                                             std::to_string(workload.concurrency) +
                                             "; allowed: 1 to " + std::to_string(kSourcePortCount));
}

void check_measures(const Plan& plan, Problems& problems) {
  const MeasuresSpec& measures = plan.measures;
  constexpr double kRowsMax = 1e6;
  if (to_seconds(plan.duration) / to_seconds(measures.interval) > kRowsMax)
    problems.add("measures.interval_s", "measures.interval_s is " + to_toml(measures.interval) +
                                            ", which gives more than " + to_toml(kRowsMax) +
                                            " rows in duration_s");
  if (measures.captures.empty() || !problems.empty()) return;
  const Topology topology(plan.topology);
  std::vector<std::string_view> names;
  for (const TopologyNode& node : topology.nodes()) names.push_back(node.name);
  std::set<std::string_view> seen;
  for (const std::string& name : measures.captures) {
    const std::string key = "measures.captures";
    if (!topology.find_node(name))
      problems.add(key, key + " has " + quoted(name) + ", which is no node; nodes: " +
                            listed(std::span<const std::string_view>(names)) +
                            did_you_mean(name, names));
    if (!seen.insert(name).second) problems.add(key, key + " has " + quoted(name) + " twice");
  }
}

}  // namespace poise::scenario
