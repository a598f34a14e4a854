// A FlowTable and its naive twin under the same orders; any difference is reported with its step.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "model/flow/flow_table.h"
#include "tests/flow/naive_flow_table.h"

namespace poise {

// The operations of a random or fuzzed history. Small arguments make collisions of all kinds
// likely.
struct FlowTableStep {
  enum class Kind : std::uint8_t { packet, erase, set_backend, forget, wait, expire };
  static constexpr int kKinds = 6;
  Kind kind = Kind::packet;
  std::uint8_t flow = 0;     // which of 256 keys
  std::uint8_t backend = 0;  // which index and generation
  std::uint8_t state = 0;
  std::uint16_t amount = 0;  // of time, or a budget

  static FlowKey key_number(std::uint8_t number) {
    return {Address::v4(0x0a000000u + number), Address::v4(0x0aff0001u),
            static_cast<std::uint16_t>(4000 + number % 7), 80,
            number % 5 == 0 ? wire::protocol::kUdp : wire::protocol::kTcp};
  }
  FlowKey key() const { return key_number(flow); }
  BackendRef backend_of(const FlowTable& table) const {
    const std::size_t count = table.flow_counts().size();
    return {static_cast<BackendIndex>(backend % count),
            static_cast<std::uint16_t>(backend / count % 3)};
  }
  FlowState flow_state() const { return static_cast<FlowState>(state % kFlowStateCount); }
  Duration wait() const { return Duration{amount * std::int64_t{amount}}; }
};

// A table takes a step. Returns how many flows it entered or expired.
inline std::uint32_t take(FlowTable& table, const FlowTableStep& step, Instant now) {
  const FlowKey key = step.key();
  const std::uint64_t hash = table.hash(key);
  const FlowSlot slot = table.find(key, hash, now);
  switch (step.kind) {
    case FlowTableStep::Kind::packet:
      if (!slot)
        return bool(table.insert(key, hash, step.backend_of(table), step.flow_state(), now));
      table.touch(slot, now, step.flow_state());
      return 0;
    case FlowTableStep::Kind::erase:
      if (slot) table.erase(slot);
      return 0;
    case FlowTableStep::Kind::set_backend:
      if (slot) table.set_backend(slot, step.backend_of(table));
      return 0;
    case FlowTableStep::Kind::forget:
      table.forget_backend(step.backend_of(table));
      return 0;
    case FlowTableStep::Kind::wait:
      return 0;
    case FlowTableStep::Kind::expire:
      return table.expire(now, step.amount % 8u);
  }
  return 0;
}

class FlowTablePair {
 public:
  explicit FlowTablePair(const FlowTable::Config& config, LentMemory memory = {})
      : table_(config, memory), naive_(config) {}

  // Returns what differs, or nothing.
  std::string step(const FlowTableStep& step) {
    const FlowKey key = step.key();
    const BackendRef backend = step.backend_of(table_);
    const FlowState state = step.flow_state();
    const std::uint64_t hash = table_.hash(key);
    const FlowSlot slot = table_.find(key, hash, now_);
    const NaiveFlowTable::Flow* twin = naive_.find(key, now_);
    if (bool(slot) != (twin != nullptr)) return "one finds the flow, the other does not";
    if (slot && !(table_.backend(slot) == twin->backend)) return "backends differ";
    if (slot && table_.state(slot) != twin->state) return "states differ";

    switch (step.kind) {
      case FlowTableStep::Kind::packet:
        if (slot)
          naive_.touch(key, now_, state);
        else if (naive_.insert(key, backend, state, now_) != (take(table_, step, now_) == 1))
          return "one refuses the flow, the other does not";
        if (!slot) return compare();
        break;
      case FlowTableStep::Kind::erase:
        if (slot) naive_.erase(key);
        break;
      case FlowTableStep::Kind::set_backend:
        if (slot) naive_.set_backend(key, backend);
        break;
      case FlowTableStep::Kind::forget:
        naive_.forget_backend(backend);
        break;
      case FlowTableStep::Kind::wait:
        now_ += step.wait();
        break;
      case FlowTableStep::Kind::expire:
        if (take(table_, step, now_) != naive_.expire(now_, step.amount % 8u))
          return "they expire different numbers of flows";
        return compare();
    }
    take(table_, step, now_);
    return compare();
  }

  std::string compare() const {
    if (table_.occupied() != naive_.occupied()) return "they hold different numbers of flows";
    if (table_.next_expiry() != naive_.next_expiry()) return "next_expiry differs";
    const std::vector<std::uint32_t> counts = naive_.flow_counts();
    if (!std::equal(counts.begin(), counts.end(), table_.flow_counts().begin()))
      return "flow counts differ";
    std::uint32_t sum = 0;
    for (const std::uint32_t count : counts) sum += count;
    if (sum != table_.size()) return "size is not the sum of the counts";
    const FlowTable::Counters& a = table_.counters();
    const FlowTable::Counters& b = naive_.counters;
    if (a.inserted != b.inserted || a.erased != b.erased || a.expired != b.expired ||
        a.forgotten != b.forgotten || a.evicted != b.evicted || a.refused != b.refused ||
        a.handshake_share_evictions != b.handshake_share_evictions)
      return "counters differ";
    return {};
  }

  // The same flows live, in whatever order each visits them.
  std::string compare_flows() const {
    std::vector<FlowKey> visited;
    table_.for_each(now_, [&](const FlowTable::Flow& flow) { visited.push_back(flow.key); });
    std::sort(visited.begin(), visited.end());
    return visited == naive_.live(now_) ? std::string() : "they visit different flows";
  }

  Instant now() const { return now_; }
  const FlowTable& table() const { return table_; }
  const NaiveFlowTable& naive() const { return naive_; }

 private:
  FlowTable table_;
  NaiveFlowTable naive_;
  Instant now_{};
};

}  // namespace poise
