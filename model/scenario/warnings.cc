// What a careful reader would ask about a plan, and fault plans made of its cut sets.
#include <algorithm>
#include <cmath>

#include "model/scenario/cuts.h"
#include "model/scenario/faults.h"
#include "model/scenario/problems.h"
#include "model/scenario/schema.h"
#include "model/scenario/size_law.h"
#include "model/scenario/words.h"
#include "model/scenario/workload.h"

namespace poise::scenario {
namespace {

using Lines = std::vector<std::string>;

std::string counted(std::uint32_t count, std::string_view what) {
  return std::to_string(count) + " " + std::string(what) + (count == 1 ? "" : "s");
}

void warn_single_points(const Topology& topology, Lines& lines) {
  const auto clients = static_cast<std::uint32_t>(topology.of_kind(NodeKind::client).size());
  for (const SinglePoint& point : single_points(topology)) {
    const std::string name(name_of(topology, point.part));
    if (point.clients_cut > 0)
      lines.push_back(name + " is a single point of failure: without it " +
                      std::to_string(point.clients_cut) + " of " + counted(clients, "client") +
                      " are not served");
    else
      lines.push_back(name + " takes " + counted(point.backends_cut, "backend") +
                      " away when it fails");
  }
}

// Follows the faults; says when nobody is served, and until when.
void warn_cut_off(const Plan& plan, const Topology& topology, Lines& lines) {
  Alive alive = topology.alive_at_start();
  std::vector<bool> crashed(topology.nodes().size(), false), partitioned = crashed,
                                                             absent = crashed;
  for (NodeId id = 0; id < topology.nodes().size(); ++id) absent[id] = topology.nodes()[id].spare;
  bool served = true;
  for (const FaultEvent& event : expand_faults(plan)) {
    const std::optional<NodeId> node = topology.find_node(event.target);
    const std::optional<LinkId> link = topology.find_link(event.target);
    if (event.kind == FaultKind::crash || event.kind == FaultKind::restart)
      crashed[*node] = event.kind == FaultKind::crash;
    if (event.kind == FaultKind::partition || event.kind == FaultKind::heal)
      partitioned[*node] = event.kind == FaultKind::partition;
    if (event.kind == FaultKind::join || event.kind == FaultKind::deregister ||
        event.kind == FaultKind::pause || event.kind == FaultKind::drain ||
        event.kind == FaultKind::resume)
      absent[*node] = event.kind != FaultKind::join && event.kind != FaultKind::resume;
    if (event.kind == FaultKind::link_down || event.kind == FaultKind::link_up)
      alive.links[*link] = event.kind == FaultKind::link_up;
    if (node) alive.nodes[*node] = !crashed[*node] && !partitioned[*node] && !absent[*node];
    const bool now_served = clients_served(topology, alive) > 0;
    if (served && !now_served)
      lines.push_back("from " + to_toml(event.at - Instant{}) + " s (" +
                      std::string(to_string(event.kind)) + " of " + event.target +
                      ") no client can open a flow");
    served = now_served;
  }
}

void warn_load(const Plan& plan, const Topology& topology, Lines& lines) {
  const WorkloadSpec& workload = plan.workload;
  if (workload.arrivals != "open" || workload.message_bytes != 0) return;
  double clients_bps = 0, backends_bps = 0;
  for (const TopologyLink& link : topology.links())
    for (const NodeId end : {link.a, link.b}) {
      if (topology.nodes()[end].kind == NodeKind::client) clients_bps += link.spec.rate_bps;
      if (topology.nodes()[end].kind == NodeKind::backend && !topology.nodes()[end].spare)
        backends_bps += link.spec.rate_bps;
    }
  const double offered = workload.rate_per_s * workload.requests * SizeLaw::of(workload).mean() * 8;
  for (const auto& [side, room] :
       {std::pair("clients", clients_bps), std::pair("backends", backends_bps)})
    if (offered > room)
      lines.push_back("the workload offers " + to_toml(std::round(offered)) +
                      " bit/s on average, more than the links of the " + side + " carry (" +
                      to_toml(room) + " bit/s): flows pile up");
}

void warn_timers(const Plan& plan, Lines& lines) {
  if (plan.control.timeout < 2 * plan.control.heartbeat)
    lines.push_back(
        "control.timeout_s is less than two heartbeats: one lost heartbeat takes a backend down");
  if (plan.workload.think != Duration{} && plan.workload.requests == 1)
    lines.push_back("workload.think_s has no effect while workload.requests is 1");
  for (std::size_t i = 0; i < plan.faults.size(); ++i)
    if (plan.faults[i].at + plan.measures.stall > plan.duration)
      lines.push_back("fault." + std::to_string(i) + " comes less than measures.stall_s (" +
                      to_toml(plan.measures.stall) +
                      " s) before the end: flows that it stalls still count as open");
}

}  // namespace

std::vector<std::string> warnings(const Plan& plan) {
  const Topology topology(plan.topology);
  Lines lines;
  const Alive alive = topology.alive_at_start();
  const auto clients = static_cast<std::uint32_t>(topology.of_kind(NodeKind::client).size());
  if (const std::uint32_t served = clients_served(topology, alive); served < clients)
    lines.push_back(counted(clients - served, "client") + " of " + std::to_string(clients) +
                    " are never served");
  warn_single_points(topology, lines);
  warn_cut_off(plan, topology, lines);
  warn_load(plan, topology, lines);
  warn_timers(plan, lines);
  return lines;
}

std::vector<std::vector<FaultSpec>> fault_plans(const Plan& plan, std::size_t size_max, Duration at,
                                                Duration lasts) {
  const Topology topology(plan.topology);
  std::vector<std::vector<FaultSpec>> plans;
  for (const std::vector<Part>& cut : cut_sets(topology, size_max)) {
    std::vector<FaultSpec> faults;
    for (const Part part : cut)
      faults.push_back({at, part.kind == Part::Kind::node ? FaultKind::crash : FaultKind::link_down,
                        std::string(name_of(topology, part)), lasts, 0});
    plans.push_back(std::move(faults));
  }
  return plans;
}

}  // namespace poise::scenario
