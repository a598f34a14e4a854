// The flow table: finding and entering flows, and who goes when it is full.
#include "model/flow/flow_table.h"

#include <algorithm>
#include <bit>
#include <cmath>

#include "model/check.h"
#include "model/flow/ordered_store.h"
#include "model/hash.h"

namespace poise {
namespace {

constexpr int kGrainBitsMax = 21;  // 2^21 ticks: 1.07 s
constexpr int kGrainsPerTimeout = 64;

// The largest grain of at most a 64th of the timeout.
int grain_bits(Duration timeout) {
  const auto grain = static_cast<std::uint64_t>(timeout.count() / kGrainsPerTimeout) >> kTickBits;
  return std::min(kGrainBitsMax, std::max(0, static_cast<int>(std::bit_width(grain)) - 1));
}

}  // namespace

FlowTable::FlowTable(const Config& config, LentMemory memory)
    : hasher_(FlowFields::five, config.seed),
      index_(config.capacity),
      memory_(config.capacity, config.backend_count_max, memory),
      entries_(memory_.entries()),
      eras_(memory_.eras()),
      counts_(config.backend_count_max) {
  POISE_CHECK(config.capacity >= 1 && config.capacity <= kCapacityMax);
  POISE_CHECK(config.backend_count_max < kNoBackend + 1u);
  POISE_CHECK(config.handshake_share > 0 && config.handshake_share <= 1);
  handshakes_max_ = std::max(
      1u, static_cast<std::uint32_t>(std::floor(config.capacity * config.handshake_share)));
  const FlowTimeouts& t = config.timeouts;
  const Duration timeouts[kFlowStateCount] = {t.closing, t.handshake, t.datagram, t.established};
  for (std::size_t i = 0; i < kFlowStateCount; ++i) {
    POISE_CHECK(timeouts[i] > Duration::zero());
    lists_[i].timeout_ns = timeouts[i].count();
    lists_[i].grain_bits = grain_bits(timeouts[i]);
  }
}

FlowTable::Flow FlowTable::flow_at(std::uint32_t index) const noexcept {
  const FlowEntry& entry = entries_[index];
  return {entry.key(), backend(FlowSlot(index)), entry.state(), entry.used_at()};
}

FlowSlot FlowTable::insert(const FlowKey& key, std::uint64_t hash, BackendRef backend,
                           FlowState state, Instant now) noexcept {
  POISE_CHECK(backend.index < eras_.size());
  const std::uint32_t old = find_any(key, hash);
  if (old != kNone && !reclaim_dead(old, now)) {
    ++counters_.erased;
    remove(old);
  }
  if (!make_room(state, now)) {
    ++counters_.refused[static_cast<std::size_t>(state)];
    return {};
  }
  std::uint32_t index = free_;
  if (index != kNone)
    free_ = entries_[index].older;
  else
    index = high_water_++;
  FlowEntry& entry = entries_[index];
  entry.source = key.source;
  entry.destination = key.destination;
  entry.source_port = key.source_port;
  entry.destination_port = key.destination_port;
  entry.packed = FlowEntry::pack(to_ticks(now), state, key.protocol);
  const BackendRef entered = enter_backend(backend);
  keep_order();
  store_whole(entry.backend, entered);  // from here on it is a flow, whatever happens
  push_newest(index, state);
  index_.insert(hash, index);
  ++occupied_;
  ++counters_.inserted;
  return FlowSlot(index);
}

void FlowTable::erase(FlowSlot slot) noexcept {
  ++counters_.erased;
  remove(slot.index_);
}

void FlowTable::set_backend(FlowSlot slot, BackendRef backend) noexcept {
  POISE_CHECK(backend.index < eras_.size());
  FlowEntry& entry = entries_[slot.index_];
  leave_backend(entry);
  const BackendRef entered = enter_backend(backend);
  keep_order();
  store_whole(entry.backend, entered);
}

void FlowTable::forget_backend(BackendRef backend) noexcept {
  POISE_CHECK(backend.index < eras_.size());
  if (eras_[backend.index].generation == backend.generation)
    begin_era(backend.index, backend.generation);
}

std::size_t FlowTable::memory_bytes() const {
  return sizeof *this + index_.memory_bytes() + entries_.size() * sizeof(FlowEntry) +
         counts_.size() * sizeof(std::uint32_t) + eras_.size() * sizeof(BackendEra);
}

Instant FlowTable::next_expiry() const noexcept {
  Instant next = kNever;
  for (const List& list : lists_) {
    if (list.count == 0) continue;
    const std::int64_t used = to_ns(entries_[list.oldest].used_at());
    if (used <= INT64_MAX - list.timeout_ns)
      next = std::min(next, instant_from_ns(used + list.timeout_ns));
  }
  return next;
}

std::uint32_t FlowTable::expire(Instant now, std::uint32_t budget) noexcept {
  std::uint32_t count = 0;
  for (List& list : lists_)
    for (; count < budget && list.count != 0 && is_expired(entries_[list.oldest], now); ++count)
      reclaim_dead(list.oldest, now);
  return count;
}

std::uint64_t FlowTable::digest() const noexcept {
  Digest digest;
  digest.add(size_).add(occupied_).add(counters_.inserted).add(counters_.expired);
  for (const List& list : lists_) {
    digest.add(list.count);
    for (std::uint32_t i = list.newest; i != kNone; i = entries_[i].older) {
      const FlowEntry& entry = entries_[i];
      const FlowKey key = entry.key();
      using Halves = std::array<std::uint64_t, 2>;
      for (const Address& address : {key.source, key.destination})
        for (const std::uint64_t half : std::bit_cast<Halves>(address.bytes())) digest.add(half);
      digest.add(std::uint32_t{key.source_port} << 16 | key.destination_port)
          .add(entry.packed)
          .add(entry.backend.index)
          .add(eras_[entry.backend.index].generation)
          .add(is_forgotten(entry));
    }
  }
  return digest.value();
}

}  // namespace poise
