// The flow table's orders and bounds: lists by last use, the gate, and the count of flows by
// backend.
#include "model/check.h"
#include "model/flow/flow_table.h"
#include "model/flow/ordered_store.h"

namespace poise {

// Returns what the entry carries: the index with its current era.
BackendRef FlowTable::enter_backend(BackendRef backend) noexcept {
  // Another backend holds this index now: the flows of the one before are forgotten.
  if (eras_[backend.index].generation != backend.generation)
    begin_era(backend.index, backend.generation);
  ++counts_[backend.index];
  ++size_;
  return {backend.index, eras_[backend.index].era};
}

void FlowTable::begin_era(BackendIndex index, std::uint16_t generation) noexcept {
  constexpr std::uint16_t kErasBetweenSweeps = 0x8000;
  const auto era = static_cast<std::uint16_t>(eras_[index].era + 1);
  if (era % kErasBetweenSweeps == 0) sweep_forgotten(index);
  store_whole(eras_[index], BackendEra{generation, era});
  keep_order();
  size_ -= counts_[index];
  counts_[index] = 0;
}

void FlowTable::leave_backend(const FlowEntry& entry) noexcept {
  if (is_forgotten(entry)) return;  // they were taken off all at once
  --counts_[entry.backend.index];
  --size_;
}

// Twice before an era comes again, so that it finds no flow of its first use. A pass over the table
// once in 32,768 members of one slot.
void FlowTable::sweep_forgotten(BackendIndex index) noexcept {
  for (std::uint32_t i = 0; i < high_water_; ++i) {
    if (entries_[i].backend.index != index || !is_forgotten(entries_[i])) continue;
    ++counters_.forgotten;
    remove(i);
  }
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
  store_whole(entry.backend, BackendRef{});
  keep_order();  // from here on it is no flow, and its key may be written over
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
