// What the world sees of every flow while it runs.
#include "sim/ns3/flow_log.h"

#include <algorithm>

#include "sim/ns3/convert.h"

namespace poise::ns3world {

namespace {

// seen is thinned: one instant a millisecond is enough to tell before from after a fault.
constexpr Duration kSeenInterval = std::chrono::milliseconds{1};

std::uint64_t client_key(std::uint32_t address, std::uint16_t port) {
  return std::uint64_t{address} << 16 | port;
}

}  // namespace

FlowLog::FlowLog(const scenario::Plan& plan, const scenario::Topology& topology)
    : interval_(plan.measures.interval), topology_(topology) {
  for (scenario::NodeId id = 0; id < topology.nodes().size(); ++id)
    if (topology.nodes()[id].address.is_v4()) node_of_[topology.nodes()[id].address.as_v4()] = id;
}

std::uint32_t FlowLog::start(const scenario::ScheduledFlow& scheduled, scenario::NodeId client) {
  const auto name = static_cast<std::uint32_t>(flows_.size());
  Flow& flow = flows_.emplace_back();
  flow.facts.flow = scheduled.flow;
  flow.facts.client = client;
  flow.facts.source_port = scheduled.source_port;
  flow.facts.start = flow.facts.last_progress = flow.waits_since = now();
  for (const std::uint64_t size : scheduled.sizes)
    flow.facts.bytes_expected += static_cast<std::int64_t>(size);
  flow_of_[client_key(topology_.nodes()[client].address.as_v4(), scheduled.source_port)] = name;
  first_start_ = std::min(first_start_, now());
  ++open_count_;
  return name;
}

void FlowLog::progress(Flow& flow) {
  scenario::FlowFacts& facts = flow.facts;
  if (facts.waiting) facts.longest_stall = std::max(facts.longest_stall, now() - flow.waits_since);
  flow.waits_since = facts.last_progress = now();
}

void FlowLog::connected(std::uint32_t name) {
  if (!flows_[name].ended) progress(flows_[name]);
}

void FlowLog::received(std::uint32_t name, std::uint64_t bytes) {
  Flow& flow = flows_[name];
  if (flow.ended || bytes == 0) return;
  progress(flow);
  // A request is padded to hold its head: what is more than the plan asked for does not count.
  const std::int64_t missing = flow.facts.bytes_expected - flow.facts.bytes;
  bytes = std::min(bytes, static_cast<std::uint64_t>(missing));
  flow.facts.bytes += static_cast<std::int64_t>(bytes);
  const auto interval =
      static_cast<std::size_t>(now().time_since_epoch().count() / interval_.count());
  if (bytes_.size() <= interval) bytes_.resize(interval + 1);
  bytes_[interval] += bytes;
}

void FlowLog::waits(std::uint32_t name, bool waits) {
  Flow& flow = flows_[name];
  if (flow.ended) return;
  // What was answered before a pause is no progress of the question after it.
  if (waits && !flow.facts.waiting) flow.waits_since = flow.facts.last_progress = now();
  flow.facts.waiting = waits;
}

void FlowLog::end(std::uint32_t name, scenario::Outcome outcome) {
  Flow& flow = flows_[name];
  if (flow.ended) return;
  flow.ended = true;
  scenario::FlowFacts& facts = flow.facts;
  if (facts.waiting) facts.longest_stall = std::max(facts.longest_stall, now() - flow.waits_since);
  facts.outcome = outcome;
  facts.end = now();
  facts.waiting = false;
  --open_count_;
}

void FlowLog::carried(scenario::NodeId balancer, const ns3::PoiseBalancer::Carried& carried) {
  const auto flow = flow_of_.find(client_key(carried.source, carried.sourcePort));
  if (flow == flow_of_.end()) return;
  const auto backend = node_of_.find(carried.backend);
  if (backend == node_of_.end()) return;
  scenario::FlowFacts& facts = flows_[flow->second].facts;
  if (facts.carries.empty() || facts.carries.back().balancer != balancer ||
      facts.carries.back().backend != backend->second)
    facts.carries.push_back({now(), balancer, backend->second});
  if (facts.seen.empty() || now() - facts.seen.back() >= kSeenInterval) facts.seen.push_back(now());
}

scenario::RunFacts FlowLog::take() {
  scenario::RunFacts facts;
  facts.flows.reserve(flows_.size());
  for (Flow& flow : flows_) facts.flows.push_back(std::move(flow.facts));
  std::stable_sort(facts.flows.begin(), facts.flows.end(),
                   [](const auto& a, const auto& b) { return a.flow < b.flow; });
  for (std::size_t i = 0; i < bytes_.size(); ++i)
    if (bytes_[i] > 0)
      facts.progress.push_back({Instant{interval_ * static_cast<std::int64_t>(i)}, bytes_[i]});
  return facts;
}

}  // namespace poise::ns3world
