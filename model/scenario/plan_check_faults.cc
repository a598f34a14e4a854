// Faults in order: each must be of a kind that its target can suffer, in the state it is in by
// then.
#include <map>

#include "model/scenario/faults.h"
#include "model/scenario/plan_check.h"
#include "model/scenario/schema.h"
#include "model/scenario/topology.h"
#include "model/scenario/words.h"

namespace poise::scenario {
namespace {

enum class Target : std::uint8_t { machine, backend, link };

constexpr Target target_of(FaultKind kind) {
  switch (kind) {
    case FaultKind::crash:
    case FaultKind::restart:
    case FaultKind::partition:
    case FaultKind::heal:
      return Target::machine;
    case FaultKind::pause:
    case FaultKind::resume:
    case FaultKind::drain:
    case FaultKind::deregister:
    case FaultKind::join:
      return Target::backend;
    case FaultKind::link_down:
    case FaultKind::link_up:
    case FaultKind::slow:
    case FaultKind::lossy:
      return Target::link;
  }
  return Target::machine;
}

// What a part is in, as far as the order of its faults goes.
struct State {
  bool absent = false;  // a spare that has not joined, or a backend that left
  bool crashed = false, draining = false, paused = false, partitioned = false, down = false;
};

// Why `kind` cannot happen now; empty when it can, and then the state follows it.
std::string_view refuse(FaultKind kind, State& state) {
  if (state.absent && kind != FaultKind::join && kind != FaultKind::partition &&
      kind != FaultKind::heal)
    return "it is absent then, until a `join`";
  const auto change = [](bool& flag, bool to, std::string_view refusal) -> std::string_view {
    if (flag == to) return refusal;
    flag = to;
    return {};
  };
  switch (kind) {
    case FaultKind::crash:
      return change(state.crashed, true, "it is crashed already then");
    case FaultKind::restart:
      state.draining = state.paused = false;  // it registers anew
      return change(state.crashed, false, "it is not crashed then");
    case FaultKind::pause:
      return change(state.paused, true, "it is paused already then");
    case FaultKind::drain:
      if (state.paused) return "it is paused already then";
      return change(state.draining, true, "it drains already then");
    case FaultKind::resume:
      state.paused = state.paused || state.draining;
      state.draining = false;
      return change(state.paused, false, "it is not paused then");
    case FaultKind::partition:
      return change(state.partitioned, true, "it is partitioned already then");
    case FaultKind::heal:
      return change(state.partitioned, false, "it is not partitioned then");
    case FaultKind::link_down:
      return change(state.down, true, "it is down already then");
    case FaultKind::link_up:
      return change(state.down, false, "it is not down then");
    case FaultKind::join:
      return change(state.absent, false,
                    "it takes part already; a `join` is for spares and what left");
    case FaultKind::deregister:
      state.draining = state.paused = false;
      return change(state.absent, true, "it has left already then");
    case FaultKind::slow:
    case FaultKind::lossy:
      return {};
  }
  return {};
}

bool suits(Target target, const Topology& topology, std::string_view name) {
  if (target == Target::link) return topology.find_link(name).has_value();
  const std::optional<NodeId> node = topology.find_node(name);
  if (!node) return false;
  const NodeKind kind = topology.nodes()[*node].kind;
  return target == Target::backend ? kind == NodeKind::backend : kind != NodeKind::client;
}

std::vector<std::string_view> suitable(Target target, const Topology& topology) {
  std::vector<std::string_view> names;
  if (target == Target::link)
    for (const TopologyLink& link : topology.links()) names.push_back(link.name);
  else
    for (const TopologyNode& node : topology.nodes())
      if (suits(target, topology, node.name)) names.push_back(node.name);
  return names;
}

std::string kind_of_name(const Topology& topology, std::string_view name) {
  if (const std::optional<NodeId> node = topology.find_node(name))
    return "a " + std::string(to_string(topology.nodes()[*node].kind));
  return topology.find_link(name) ? "a link" : "no node or link";
}

void check_fault(const Plan& plan, std::size_t index, const Topology& topology,
                 Problems& problems) {
  const FaultSpec& fault = plan.faults[index];
  const std::string path = "fault." + std::to_string(index) + ".";
  const std::string word(to_string(fault.kind));
  const Target target = target_of(fault.kind);
  if (!suits(target, topology, fault.target)) {
    const std::vector<std::string_view> names = suitable(target, topology);
    problems.add(path + "target",
                 path + "target is " + quoted(fault.target) + ", which is " +
                     kind_of_name(topology, fault.target) + "; " + word +
                     " is for: " + listed(std::span<const std::string_view>(names)) +
                     did_you_mean(fault.target, names));
  }
  if (fault.at >= plan.duration)
    problems.add(path + "at_s", path + "at_s is " + to_toml(fault.at) +
                                    "; allowed: less than duration_s, which is " +
                                    to_toml(plan.duration));
  if (fault.lasts != Duration{} && !opposite(fault.kind))
    problems.add(path + "lasts_s",
                 path + "lasts_s is " + to_toml(fault.lasts) + ", but " + word + " has no end");
  const bool valued = fault.kind == FaultKind::slow || fault.kind == FaultKind::lossy;
  if (!valued && fault.value != 0)
    problems.add(path + "value",
                 path + "value is " + to_toml(fault.value) + ", but " + word + " takes none");
  if (fault.kind == FaultKind::lossy && fault.value > 1)
    problems.add(path + "value",
                 path + "value is " + to_toml(fault.value) + "; allowed: 0 to 1 (a probability)");
}

}  // namespace

void check_faults(const Plan& plan, Problems& problems) {
  if (plan.faults.empty()) return;
  const Topology topology(plan.topology);
  for (std::size_t i = 0; i < plan.faults.size(); ++i) check_fault(plan, i, topology, problems);
  if (!problems.empty()) return;

  std::map<std::string_view, State> states;
  for (const TopologyNode& node : topology.nodes()) states[node.name].absent = node.spare;
  const std::vector<FaultEvent> events = expand_faults(plan);
  for (const FaultEvent& event : events) {
    const std::string_view refusal = refuse(event.kind, states[event.target]);
    if (refusal.empty()) continue;
    const std::string path =
        "fault." + std::to_string(event.plan_index) + (event.ends ? ".lasts_s" : ".do");
    problems.add(path, path + ": " + std::string(to_string(event.kind)) + " of " +
                           quoted(event.target) + " at " + to_toml(event.at - Instant{}) +
                           " s: " + std::string(refusal));
  }
}

}  // namespace poise::scenario
