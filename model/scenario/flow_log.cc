// What the world sees of every flow while it runs.
#include "model/scenario/flow_log.h"

#include <algorithm>

namespace poise::scenario {

namespace {

// seen is thinned: one instant a millisecond is enough to tell before from after a fault.
constexpr Duration kSeenInterval = std::chrono::milliseconds{1};

std::uint64_t client_key(std::uint32_t address, std::uint16_t port) {
  return std::uint64_t{address} << 16 | port;
}

}  // namespace

FlowLog::FlowLog(const Plan& plan, const Topology& topology)
    : interval_(plan.measures.interval), topology_(topology) {
  for (NodeId id = 0; id < topology.nodes().size(); ++id)
    if (topology.nodes()[id].address.is_v4()) node_of_[topology.nodes()[id].address.as_v4()] = id;
}

std::uint32_t FlowLog::start(Instant now, const ScheduledFlow& scheduled, NodeId client) {
  const auto name = static_cast<std::uint32_t>(flows_.size());
  Flow& flow = flows_.emplace_back();
  flow.facts.flow = scheduled.flow;
  flow.facts.client = client;
  flow.facts.source_port = scheduled.source_port;
  flow.facts.start = flow.facts.last_progress = flow.waits_since = now;
  for (const std::uint64_t size : scheduled.sizes)
    flow.facts.bytes_expected += static_cast<std::int64_t>(size);
  flows_of_[client_key(topology_.nodes()[client].address.as_v4(), scheduled.source_port)].push_back(
      name);
  first_start_ = std::min(first_start_, now);
  ++open_count_;
  return name;
}

void FlowLog::progress(Instant now, Flow& flow) {
  FlowFacts& facts = flow.facts;
  if (facts.waiting) facts.longest_stall = std::max(facts.longest_stall, now - flow.waits_since);
  flow.waits_since = facts.last_progress = now;
}

void FlowLog::connected(Instant now, std::uint32_t name) {
  if (!flows_[name].ended) progress(now, flows_[name]);
}

void FlowLog::received(Instant now, std::uint32_t name, std::uint64_t bytes) {
  Flow& flow = flows_[name];
  if (flow.ended || bytes == 0) return;
  progress(now, flow);
  // A request is padded to hold its head: what is more than the plan asked for does not count.
  const std::int64_t missing = flow.facts.bytes_expected - flow.facts.bytes;
  bytes = std::min(bytes, static_cast<std::uint64_t>(missing));
  flow.facts.bytes += static_cast<std::int64_t>(bytes);
  const auto interval =
      static_cast<std::size_t>(now.time_since_epoch().count() / interval_.count());
  if (bytes_.size() <= interval) bytes_.resize(interval + 1);
  bytes_[interval] += bytes;
}

void FlowLog::waits(Instant now, std::uint32_t name, bool waits) {
  Flow& flow = flows_[name];
  if (flow.ended) return;
  // What was answered before a pause is no progress of the question after it.
  if (waits && !flow.facts.waiting) flow.waits_since = flow.facts.last_progress = now;
  flow.facts.waiting = waits;
}

void FlowLog::end(Instant now, std::uint32_t name, Outcome outcome) {
  Flow& flow = flows_[name];
  if (flow.ended) return;
  flow.ended = true;
  FlowFacts& facts = flow.facts;
  if (facts.waiting) facts.longest_stall = std::max(facts.longest_stall, now - flow.waits_since);
  facts.outcome = outcome;
  facts.end = now;
  facts.waiting = false;
  --open_count_;
}

void FlowLog::carried(Instant now, NodeId balancer, const Carried& packet) {
  const auto found = flows_of_.find(client_key(packet.client, packet.source_port));
  if (found == flows_of_.end()) return;
  const auto backend = node_of_.find(packet.backend);
  if (backend == node_of_.end()) return;
  const std::vector<std::uint32_t>& names = found->second;
  const auto latest = std::find_if(names.rbegin(), names.rend(), [&](std::uint32_t name) {
    return flows_[name].facts.start <= now;
  });
  if (latest == names.rend()) return;
  FlowFacts& facts = flows_[*latest].facts;
  if (facts.carries.empty() || facts.carries.back().balancer != balancer ||
      facts.carries.back().backend != backend->second)
    facts.carries.push_back({now, balancer, backend->second});
  if (facts.seen.empty() || now - facts.seen.back() >= kSeenInterval) facts.seen.push_back(now);
}

RunFacts FlowLog::take() {
  RunFacts facts;
  facts.flows.reserve(flows_.size());
  for (Flow& flow : flows_) facts.flows.push_back(std::move(flow.facts));
  std::stable_sort(facts.flows.begin(), facts.flows.end(),
                   [](const auto& a, const auto& b) { return a.flow < b.flow; });
  for (std::size_t i = 0; i < bytes_.size(); ++i)
    if (bytes_[i] > 0)
      facts.progress.push_back({Instant{interval_ * static_cast<std::int64_t>(i)}, bytes_[i]});
  return facts;
}

}  // namespace poise::scenario
