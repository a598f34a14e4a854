// The rules, in the order in which they are asked.
#include "model/scenario/attribution.h"

#include <algorithm>

#include "model/scenario/words.h"

namespace poise::scenario {
namespace {

bool cuts(FaultKind kind) {
  return kind == FaultKind::crash || kind == FaultKind::link_down || kind == FaultKind::partition ||
         kind == FaultKind::lossy;
}

bool can_move_flows(const FaultEvent& event, const Topology& topology) {
  switch (event.kind) {
    case FaultKind::crash:
    case FaultKind::restart:
    case FaultKind::pause:
    case FaultKind::resume:
    case FaultKind::drain:
    case FaultKind::deregister:
    case FaultKind::join:
    case FaultKind::partition:
    case FaultKind::heal:
      return true;
    case FaultKind::slow:
    case FaultKind::lossy:
      return false;
    case FaultKind::link_down:
    case FaultKind::link_up:
      break;
  }
  const std::optional<LinkId> link = topology.find_link(event.target);
  if (!link) return false;
  const auto is_member = [&](NodeId id) {
    return topology.nodes()[id].kind == NodeKind::balancer ||
           topology.nodes()[id].kind == NodeKind::backend;
  };
  return is_member(topology.links()[*link].a) || is_member(topology.links()[*link].b);
}

}  // namespace

FaultTimeline::FaultTimeline(const Plan& plan, const Topology& topology,
                             const std::vector<Instant>& effective)
    : events_(expand_faults(plan)) {
  for (std::size_t i = 0; i < events_.size(); ++i) {
    const FaultEvent& event = events_[i];
    moves_flows_.push_back(can_move_flows(event, topology));
    for (Cut& cut : cuts_) {
      const FaultEvent& begun = events_[static_cast<std::size_t>(cut.index)];
      if (cut.until == kNever && begun.target == event.target && opposite(begun.kind) == event.kind)
        cut.until = event.at;
    }
    if (cuts(event.kind) && !event.ends) add_cut(topology, i);
    effective_.push_back(i < effective.size() ? std::max(effective[i], event.at) : event.at);
    const std::optional<NodeId> node = topology.find_node(event.target);
    if (event.kind == FaultKind::crash && node)
      crashes_.push_back({*node, event.at, kNever, static_cast<std::int32_t>(i)});
    if (event.kind != FaultKind::restart || !node) continue;
    for (Crash& crash : crashes_)
      if (crash.node == *node && crash.to == kNever) crash.to = event.at;
  }
}

std::int32_t FaultTimeline::latest_mover(Instant instant) const {
  std::int32_t found = -1;
  for (std::size_t i = 0; i < events_.size() && events_[i].at <= instant; ++i)
    if (moves_flows_[i]) found = static_cast<std::int32_t>(i);
  return found;
}

void FaultTimeline::add_cut(const Topology& topology, std::size_t index) {
  const FaultEvent& event = events_[index];
  Cut cut{event.at, kNever, static_cast<std::int32_t>(index), {}, false};
  const auto add = [&](NodeId id) {
    const NodeKind kind = topology.nodes()[id].kind;
    if (kind != NodeKind::router) cut.hosts.push_back(id);
    cut.of_client = cut.of_client || kind == NodeKind::client;
  };
  if (const std::optional<NodeId> node = topology.find_node(event.target)) add(*node);
  if (const std::optional<LinkId> link = topology.find_link(event.target)) {
    add(topology.links()[*link].a);
    add(topology.links()[*link].b);
  }
  cuts_.push_back(std::move(cut));
}

bool FaultTimeline::concerns(const Cut& cut, const FlowFacts& flow) {
  // What no balancer carried may have been lost at any of them.
  if (cut.hosts.empty() || (flow.carries.empty() && !cut.of_client)) return true;
  return std::any_of(cut.hosts.begin(), cut.hosts.end(), [&](NodeId host) {
    return flow.client == host ||
           std::any_of(flow.carries.begin(), flow.carries.end(), [&](const Carry& carry) {
             return carry.balancer == host || carry.backend == host;
           });
  });
}

std::int32_t FaultTimeline::first_cut(const FlowFacts& flow, Instant from, Instant to) const {
  for (const Cut& cut : cuts_)
    if (cut.at >= from && cut.at <= to && concerns(cut, flow)) return cut.index;
  return -1;
}

std::int32_t FaultTimeline::cut_in_force(const FlowFacts& flow, Instant instant) const {
  std::int32_t found = -1;
  for (const Cut& cut : cuts_)
    if (cut.at <= instant && instant < cut.until && concerns(cut, flow)) found = cut.index;
  return found;
}

std::int32_t FaultTimeline::crash_during(NodeId node, Instant from, Instant to) const {
  std::int32_t found = -1;
  for (const Crash& crash : crashes_)
    if (crash.node == node && crash.from <= to && crash.to > from) found = crash.index;
  return found;
}

std::pair<Instant, Instant> FaultTimeline::window(std::size_t index) const {
  for (std::size_t i = index + 1; i < events_.size(); ++i)
    if (moves_flows_[i] && events_[i].at > events_[index].at)
      return {effective_[index], events_[i].at};
  return {effective_[index], kNever};
}

namespace {

// For so long after a cut, what was on its way may still arrive.
constexpr Duration kTail = std::chrono::seconds{1};

// The crash of the backend that carried the flow at `until`, while the flow was there; -1: none. A
// backend has the flow from the first packet carried there (the first one from the start).
std::int32_t crash_of_its_backend(const FlowFacts& flow, const FaultTimeline& faults,
                                  Instant until) {
  std::int32_t found = -1;
  Instant since = flow.start;
  for (std::size_t i = 0; i < flow.carries.size() && (i == 0 || flow.carries[i].at < until); ++i) {
    if (i > 0 && flow.carries[i].backend != flow.carries[i - 1].backend) since = flow.carries[i].at;
    found = faults.crash_during(flow.carries[i].backend, since, until);
  }
  return found;
}

}  // namespace

Finding judge(const FlowFacts& flow, const FaultTimeline& faults, Instant end_of_run,
              Duration stall) {
  Finding finding;
  finding.outcome = flow.outcome;
  if (flow.end == kNever) {
    const bool stalled = flow.waiting && end_of_run - flow.last_progress >= stall;
    finding.outcome = stalled ? Outcome::stalled : Outcome::open;
  }
  for (std::size_t i = 1; i < flow.carries.size(); ++i)
    if (flow.carries[i].backend != flow.carries[i - 1].backend)
      finding.moves.push_back({flow.carries[i].at, flow.carries[i - 1].backend,
                               faults.latest_mover(flow.carries[i].at)});
  if (!finding.moves.empty()) finding.fault = finding.moves.back().fault;
  if (!is_broken(finding.outcome)) return finding;

  const bool reset = finding.outcome == Outcome::reset;
  const Instant over = std::min(flow.end, end_of_run);
  finding.broke_at = reset ? over : flow.last_progress;

  // The move that broke it: the first without progress after it, or, when packets on their way
  // still arrived, the last.
  const Move* breaking = nullptr;
  for (const Move& move : finding.moves)
    if (!breaking || breaking->at < flow.last_progress) breaking = &move;
  const auto died =
      crash_of_its_backend(flow, faults, breaking ? std::min(breaking->at, over) : over);
  if (died >= 0) {
    finding.cause = Cause::backend_died;
    finding.fault = died;
    return finding;
  }
  if (breaking) {
    finding.cause = Cause::moved;
    finding.fault = breaking->fault;
    return finding;
  }
  finding.fault = faults.first_cut(flow, flow.last_progress - kTail, over);
  if (finding.fault < 0 && flow.carries.empty())
    finding.fault = faults.cut_in_force(flow, flow.start);
  finding.cause = finding.fault >= 0 ? Cause::unreachable : Cause::unexplained;
  return finding;
}

}  // namespace poise::scenario
