// Attribution and tables, from facts alone.
#include "model/scenario/summarize.h"

#include <algorithm>
#include <optional>

#include "model/scenario/attribution.h"
#include "model/scenario/words.h"

namespace poise::scenario {
namespace {

FlowRow flow_row(const Topology& topology, const FlowFacts& facts, const Finding& finding,
                 Instant end_of_run) {
  FlowRow row;
  row.flow = facts.flow;
  row.client = topology.nodes()[facts.client].name;
  row.source_port = facts.source_port;
  if (!facts.carries.empty()) {
    row.backend = topology.nodes()[facts.carries.front().backend].name;
    row.balancer = topology.nodes()[facts.carries.front().balancer].name;
  }
  row.start_ns = to_ns(facts.start);
  row.end_ns = facts.end == kNever ? -1 : to_ns(facts.end);
  row.bytes = facts.bytes;
  row.bytes_expected = facts.bytes_expected;
  row.outcome = finding.outcome;
  row.cause = finding.cause;
  row.fault = finding.fault;
  row.longest_stall_ns = facts.longest_stall.count();
  if (facts.end == kNever && facts.waiting)
    row.longest_stall_ns =
        std::max(row.longest_stall_ns, (end_of_run - facts.last_progress).count());
  row.moves = static_cast<std::uint32_t>(finding.moves.size());
  row.retransmits = facts.retransmits;
  return row;
}

class Timeline {
 public:
  Timeline(Duration interval, Instant end) : interval_(interval) {
    const std::int64_t count = (to_ns(end) + interval.count() - 1) / interval.count();
    rows_.resize(static_cast<std::size_t>(count));
    bytes_.resize(rows_.size(), 0);
    for (std::size_t i = 0; i < rows_.size(); ++i)
      rows_[i].start_ns = static_cast<std::int64_t>(i) * interval.count();
  }

  // What happens at the very end of the run belongs to the last interval.
  TimelineRow& at(Instant instant) { return rows_[place(instant)]; }
  void add_bytes(Instant instant, std::uint64_t bytes) { bytes_[place(instant)] += bytes; }

  std::vector<TimelineRow> take(Instant end) {
    std::int64_t open = 0;
    for (std::size_t i = 0; i < rows_.size(); ++i) {
      TimelineRow& row = rows_[i];
      open += std::int64_t{row.flows_started} - row.flows_finished - row.flows_broken;
      row.flows_open = static_cast<std::uint32_t>(open);
      const std::int64_t length = std::min(interval_.count(), to_ns(end) - row.start_ns);
      row.goodput_bps = static_cast<double>(bytes_[i]) * 8e9 / static_cast<double>(length);
    }
    return std::move(rows_);
  }

 private:
  std::size_t place(Instant instant) const {
    const auto index =
        static_cast<std::size_t>(std::max<std::int64_t>(0, to_ns(instant)) / interval_.count());
    return std::min(index, rows_.size() - 1);
  }

  Duration interval_;
  std::vector<TimelineRow> rows_;
  std::vector<std::uint64_t> bytes_;
};

std::vector<TimelineRow> timeline(const Plan& plan, const RunFacts& facts,
                                  const std::vector<Finding>& findings) {
  const Instant end = Instant{} + plan.duration;
  Timeline line(plan.measures.interval, end);
  for (std::size_t i = 0; i < facts.flows.size(); ++i) {
    const FlowFacts& flow = facts.flows[i];
    const Finding& finding = findings[i];
    ++line.at(flow.start).flows_started;
    if (finding.outcome == Outcome::ok) ++line.at(flow.end).flows_finished;
    if (is_broken(finding.outcome)) ++line.at(finding.broke_at).flows_broken;
    for (const Move& move : finding.moves) ++line.at(move.at).flows_moved;
  }
  for (const Progress& progress : facts.progress) line.add_bytes(progress.at, progress.bytes);
  return line.take(end);
}

// Where the flow was carried at `instant`: its last carry at or before it.
const Carry* carried_at(const FlowFacts& flow, Instant instant) {
  const auto after = std::upper_bound(flow.carries.begin(), flow.carries.end(), instant,
                                      [](Instant at, const Carry& carry) { return at < carry.at; });
  return after == flow.carries.begin() ? nullptr : &*(after - 1);
}

// A flow is alive at a fault from its start to its end; a broken one to its break, or to the fault
// that broke it, when that came later.
bool alive_at(const FlowFacts& flow, const Finding& finding, const FaultTimeline& faults,
              std::size_t fault) {
  const Instant at = faults.events()[fault].at;
  if (flow.start > at) return false;
  if (!is_broken(finding.outcome)) return flow.end > at;
  if (finding.fault == static_cast<std::int32_t>(fault)) return true;
  const Instant by_fault =
      finding.fault < 0 ? Instant{} : faults.events()[static_cast<std::size_t>(finding.fault)].at;
  return std::max(finding.broke_at, by_fault) > at;
}

FaultRow fault_row(const Topology& topology, const RunFacts& facts,
                   const std::vector<Finding>& findings, const FaultTimeline& faults,
                   std::size_t index) {
  const FaultEvent& event = faults.events()[index];
  FaultRow row;
  row.fault = static_cast<std::uint32_t>(index);
  row.at_ns = to_ns(event.at);
  row.kind = to_string(event.kind);
  row.target = event.target;
  const std::optional<NodeId> target = topology.find_node(event.target);
  const auto [from, to] = faults.window(index);
  for (std::size_t i = 0; i < facts.flows.size(); ++i) {
    const FlowFacts& flow = facts.flows[i];
    const Finding& finding = findings[i];
    if (finding.fault == static_cast<std::int32_t>(index) && is_broken(finding.outcome)) {
      ++row.flows_broken;
      row.broken_backend_died += finding.cause == Cause::backend_died;
      row.broken_moved += finding.cause == Cause::moved;
      row.broken_unreachable += finding.cause == Cause::unreachable;
    }
    if (!alive_at(flow, finding, faults, index)) continue;
    ++row.flows_live;
    const Carry* carry = carried_at(flow, event.at);
    row.flows_on_target +=
        target && (flow.client == *target ||
                   (carry && (carry->backend == *target || carry->balancer == *target)));
    const bool moved = std::any_of(
        finding.moves.begin(), finding.moves.end(),
        [&](const Move& move) { return move.fault == static_cast<std::int32_t>(index); });
    const auto seen = std::lower_bound(flow.seen.begin(), flow.seen.end(), from);
    row.flows_moved += moved;
    row.flows_seen_after += moved || (seen != flow.seen.end() && *seen < to);
  }
  return row;
}

std::vector<BackendRow> backend_rows(const Plan& plan, const Topology& topology,
                                     const RunFacts& facts) {
  std::vector<BackendRow> rows;
  std::vector<std::size_t> places(topology.nodes().size(), 0);
  for (const NodeId id : topology.of_kind(NodeKind::backend)) {
    const std::size_t index = rows.size();
    places[id] = index;
    const std::uint32_t weight =
        index < plan.service.weights.size() ? plan.service.weights[index] : 1;
    rows.push_back({topology.nodes()[id].name, 0, 0, weight});
  }
  for (const FlowFacts& flow : facts.flows) {
    if (flow.carries.empty()) continue;
    BackendRow& row = rows[places[flow.carries.front().backend]];
    ++row.flows;
    row.bytes += flow.bytes;
  }
  return rows;
}

}  // namespace

RunResult summarize(const Plan& plan, const Topology& topology, const RunFacts& facts) {
  const FaultTimeline faults(plan, topology, facts.effective);
  const Instant end = Instant{} + plan.duration;
  RunResult result;
  std::vector<Finding> findings;
  for (const FlowFacts& flow : facts.flows) {
    findings.push_back(judge(flow, faults, end, plan.measures.stall));
    result.flows.push_back(flow_row(topology, flow, findings.back(), end));
  }
  result.timeline = timeline(plan, facts, findings);
  for (std::size_t i = 0; i < faults.events().size(); ++i)
    result.faults.push_back(fault_row(topology, facts, findings, faults, i));
  result.backends = backend_rows(plan, topology, facts);
  return result;
}

}  // namespace poise::scenario
