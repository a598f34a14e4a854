// The flow table's orders and bounds: lists by last use, the gate, and the count of flows by
// backend.
#include "model/check.h"
#include "model/flow/flow_table.h"

namespace poise {

// Returns what the entry carries: the index with its current era.
BackendRef FlowTable::enter_backend(BackendRef backend) noexcept {
  BackendEra& era = eras_[backend.index];
  if (era.generation != backend.generation) {
    // Another backend holds this index now: the flows of the one before are forgotten.
    ++era.era;
    era.generation = backend.generation;
    size_ -= counts_[backend.index];
    counts_[backend.index] = 0;
  }
  ++counts_[backend.index];
  ++size_;
  return {backend.index, era.era};
}

void FlowTable::leave_backend(const FlowEntry& entry) noexcept {
  if (is_forgotten(entry)) return;  // they were taken off all at once
  --counts_[entry.backend.index];
  --size_;
}

void FlowTable::push_newest(std::uint32_t index, FlowState state) noexcept {
  List& list = list_of(state);
  FlowEntry& entry = entries_[index];
  entry.newer = kNone;
  entry.older = list.newest;
  (list.newest == kNone ? list.oldest : entries_[list.newest].newer) = index;
  list.newest = index;
  ++list.count;
}

void FlowTable::unlink(std::uint32_t index) noexcept {
  FlowEntry& entry = entries_[index];
  List& list = list_of(entry.state());
  (entry.newer == kNone ? list.newest : entries_[entry.newer].older) = entry.older;
  (entry.older == kNone ? list.oldest : entries_[entry.older].newer) = entry.newer;
  --list.count;
}

void FlowTable::move(std::uint32_t index, Instant now, FlowState state) noexcept {
  FlowEntry& entry = entries_[index];
  if (state == FlowState::handshake && entry.state() != state) make_room_among_handshakes(now);
  unlink(index);
  entry.packed = FlowEntry::pack(to_ticks(now), state, entry.protocol());
  push_newest(index, state);
}

void FlowTable::remove(std::uint32_t index) noexcept {
  FlowEntry& entry = entries_[index];
  index_.erase(hasher_(entry.key()), index);
  leave_backend(entry);
  unlink(index);
  entry.backend = BackendRef{};
  entry.older = free_;
  free_ = index;
  --occupied_;
}

// Takes out a flow that is no longer live, under the right counter; false when it is live.
bool FlowTable::reclaim_dead(std::uint32_t index, Instant now) noexcept {
  const FlowEntry& entry = entries_[index];
  if (is_forgotten(entry))
    ++counters_.forgotten;
  else if (is_expired(entry, now))
    ++counters_.expired;
  else
    return false;
  remove(index);
  return true;
}

void FlowTable::evict(std::uint32_t index) noexcept {
  ++counters_.evicted[static_cast<std::size_t>(entries_[index].state())];
  remove(index);
}

void FlowTable::make_room_among_handshakes(Instant now) noexcept {
  const List& list = list_of(FlowState::handshake);
  if (list.count < handshakes_max_) return;
  if (reclaim_dead(list.oldest, now)) return;
  ++counters_.handshake_share_evictions;
  evict(list.oldest);
}

// The gate: see the header. False when the newcomer is refused.
bool FlowTable::make_room(FlowState state, Instant now) noexcept {
  if (state == FlowState::handshake) make_room_among_handshakes(now);
  if (occupied_ < entries_.size()) return true;
  // The dead go first, whatever their rank.
  for (const List& list : lists_)
    if (list.count != 0 && reclaim_dead(list.oldest, now)) return true;
  for (std::size_t rank = 0; rank <= static_cast<std::size_t>(state); ++rank) {
    if (lists_[rank].count == 0) continue;
    evict(lists_[rank].oldest);
    return true;
  }
  return false;
}

}  // namespace poise
