// The flow table's contract in the plainest words: maps and lists, searched from end to end.
#pragma once

#include <algorithm>
#include <bit>
#include <iterator>
#include <list>
#include <map>
#include <vector>

#include "model/flow/flow_table.h"

namespace poise {

class NaiveFlowTable {
 public:
  explicit NaiveFlowTable(const FlowTable::Config& config) : config_(config) {
    const FlowTimeouts& t = config.timeouts;
    timeouts_ = {t.closing, t.handshake, t.datagram, t.established};
    handshakes_max_ = std::max<std::size_t>(
        1, static_cast<std::size_t>(config.capacity * config.handshake_share));
  }

  struct Flow {
    BackendRef backend;
    FlowState state;
    std::int64_t used_ns;  // in whole ticks of 512 ns, rounded up
    bool forgotten = false;
  };

  const Flow* find(const FlowKey& key, Instant now) const {
    const auto found = flows_.find(key);
    return found == flows_.end() || is_dead(found->second, now) ? nullptr : &found->second;
  }

  bool insert(const FlowKey& key, BackendRef backend, FlowState state, Instant now) {
    if (flows_.count(key) != 0) count_and_remove(key, now, counters.erased);
    if (state == FlowState::handshake) bound_handshakes(now);
    if (flows_.size() == config_.capacity && !make_room(state, now)) {
      ++counters.refused[at(state)];
      return false;
    }
    flows_[key] = {backend, state, ticks_ns(now)};
    for (auto& [other, flow] : flows_)
      if (flow.backend.index == backend.index && flow.backend.generation != backend.generation)
        flow.forgotten = true;
    lists_[at(state)].push_front(key);
    ++counters.inserted;
    return true;
  }

  void touch(const FlowKey& key, Instant now, FlowState state) {
    Flow& flow = flows_.at(key);
    const bool moves =
        flow.state != state || grain(flow.used_ns, state) != grain(ticks_ns(now), state);
    if (flow.state != state && state == FlowState::handshake) bound_handshakes(now);
    if (moves) {
      lists_[at(flow.state)].remove(key);
      lists_[at(state)].push_front(key);
    }
    flow.state = state;
    if (moves) flow.used_ns = ticks_ns(now);
  }

  void erase(const FlowKey& key) {
    ++counters.erased;
    remove(key);
  }

  void set_backend(const FlowKey& key, BackendRef backend) {
    flows_.at(key).backend = backend;
    for (auto& [other, flow] : flows_)
      if (flow.backend.index == backend.index && flow.backend.generation != backend.generation)
        flow.forgotten = true;
  }

  void forget_backend(BackendRef backend) {
    for (auto& [key, flow] : flows_)
      if (flow.backend == backend) flow.forgotten = true;
  }

  std::uint32_t expire(Instant now, std::uint32_t budget) {
    std::uint32_t count = 0;
    for (auto& list : lists_)
      for (; count < budget && !list.empty() && is_expired(flows_.at(list.back()), now); ++count) {
        const FlowKey oldest = list.back();  // outlives its place in the list
        count_and_remove(oldest, now, counters.erased);
      }
    return count;
  }

  Instant next_expiry() const {
    Instant next = kNever;
    for (const auto& list : lists_)
      if (!list.empty()) {
        const Flow& flow = flows_.at(list.back());
        next = std::min(next, instant_from_ns(flow.used_ns) + timeouts_[at(flow.state)]);
      }
    return next;
  }

  std::vector<std::uint32_t> flow_counts() const {
    std::vector<std::uint32_t> counts(config_.backend_count_max);
    for (const auto& [key, flow] : flows_)
      if (!flow.forgotten) ++counts[flow.backend.index];
    return counts;
  }

  std::vector<FlowKey> live(Instant now) const {
    std::vector<FlowKey> keys;
    for (const auto& [key, flow] : flows_)
      if (!is_dead(flow, now)) keys.push_back(key);
    return keys;
  }

  // Those whose backend was not forgotten, expired or not.
  std::map<FlowKey, Flow> remembered() const {
    std::map<FlowKey, Flow> flows = flows_;
    std::erase_if(flows, [](const auto& entry) { return entry.second.forgotten; });
    return flows;
  }

  std::size_t occupied() const { return flows_.size(); }
  std::size_t count(FlowState state) const { return lists_[at(state)].size(); }

  FlowTable::Counters counters;

 private:
  static std::size_t at(FlowState state) { return static_cast<std::size_t>(state); }
  static std::int64_t ticks_ns(Instant now) { return (to_ns(now) + 511) / 512 * 512; }

  // The number of the grain: the largest power of two of ticks within a 64th of the timeout and
  // 2^30 ns.
  std::int64_t grain(std::int64_t ns, FlowState state) const {
    std::int64_t size = 512;
    while (size * 2 <= timeouts_[at(state)].count() / 64 && size * 2 <= (std::int64_t{1} << 30))
      size *= 2;
    return ns / size;
  }

  bool is_expired(const Flow& flow, Instant now) const {
    return to_ns(now) - flow.used_ns >= timeouts_[at(flow.state)].count();
  }
  bool is_dead(const Flow& flow, Instant now) const {
    return flow.forgotten || is_expired(flow, now);
  }

  void remove(const FlowKey& key) {
    lists_[at(flows_.at(key).state)].remove(key);
    flows_.erase(key);
  }

  void count_and_remove(const FlowKey& key, Instant now, std::uint64_t& when_live) {
    const Flow& flow = flows_.at(key);
    ++(flow.forgotten ? counters.forgotten : is_expired(flow, now) ? counters.expired : when_live);
    remove(key);
  }

  void bound_handshakes(Instant now) {
    auto& list = lists_[at(FlowState::handshake)];
    if (list.size() < handshakes_max_) return;
    const FlowKey oldest = list.back();
    if (!is_dead(flows_.at(oldest), now)) ++counters.handshake_share_evictions;
    count_and_remove(oldest, now, counters.evicted[at(FlowState::handshake)]);
  }

  bool make_room(FlowState state, Instant now) {
    for (const auto& list : lists_)
      if (!list.empty() && is_dead(flows_.at(list.back()), now)) {
        const FlowKey oldest = list.back();
        count_and_remove(oldest, now, counters.erased);
        return true;
      }
    for (std::size_t rank = 0; rank <= at(state); ++rank)
      if (!lists_[rank].empty()) {
        const FlowKey oldest = lists_[rank].back();
        count_and_remove(oldest, now, counters.evicted[rank]);
        return true;
      }
    return false;
  }

  FlowTable::Config config_;
  std::array<Duration, kFlowStateCount> timeouts_;
  std::size_t handshakes_max_;
  std::map<FlowKey, Flow> flows_;
  std::array<std::list<FlowKey>, kFlowStateCount> lists_;  // newest first
};

}  // namespace poise
