// The flow table: finding and entering flows, and who goes when it is full.
#include "model/flow/flow_table.h"

#include <algorithm>
#include <bit>
#include <cmath>

#include "model/check.h"
#include "model/hash.h"

namespace poise {
namespace {

// entries: ticks << 10 | state << 8 | protocol. 54 bits of 512 ns reach as far as Instant does.
constexpr int kTickBits = 9;
constexpr int kTicksShift = 10;
constexpr int kStateShift = 8;
constexpr int kGrainBitsMax = 21;  // 2^21 ticks: 1.07 s
constexpr int kGrainsPerTimeout = 64;

// The largest grain of at most a 64th of the timeout.
int grain_bits(Duration timeout) {
  const auto grain = static_cast<std::uint64_t>(timeout.count() / kGrainsPerTimeout) >> kTickBits;
  return std::min(kGrainBitsMax, std::max(0, static_cast<int>(std::bit_width(grain)) - 1));
}

std::uint64_t pack(std::uint64_t used, FlowState state, std::uint8_t protocol) {
  return used << kTicksShift | static_cast<std::uint64_t>(state) << kStateShift | protocol;
}

}  // namespace

FlowTable::FlowTable(const Config& config)
    : hasher_(FlowFields::five, config.seed),
      index_(config.capacity),
      entries_(config.capacity),
      counts_(config.backend_count_max),
      eras_(config.backend_count_max) {
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

// Rounded up, so that no flow expires early.
std::uint64_t FlowTable::ticks(Instant now) noexcept {
  const auto ns = static_cast<std::uint64_t>(std::max<std::int64_t>(0, to_ns(now)));
  return (ns + ((1u << kTickBits) - 1)) >> kTickBits;
}

Instant FlowTable::used_at(const Entry& entry) noexcept {
  const std::uint64_t ns = entry.used_state_protocol >> kTicksShift << kTickBits;
  return instant_from_ns(static_cast<std::int64_t>(std::min<std::uint64_t>(ns, INT64_MAX)));
}

FlowState FlowTable::state_of(const Entry& entry) noexcept {
  return static_cast<FlowState>(entry.used_state_protocol >> kStateShift & 3);
}

FlowKey FlowTable::key_of(const Entry& entry) noexcept {
  return {entry.source, entry.destination, entry.source_port, entry.destination_port,
          static_cast<std::uint8_t>(entry.used_state_protocol)};
}

bool FlowTable::has_key(const Entry& entry, const FlowKey& key) noexcept {
  return entry.source_port == key.source_port && entry.destination_port == key.destination_port &&
         entry.source == key.source && entry.destination == key.destination &&
         static_cast<std::uint8_t>(entry.used_state_protocol) == key.protocol;
}

bool FlowTable::is_expired(const Entry& entry, Instant now) const noexcept {
  return to_ns(now) - to_ns(used_at(entry)) >= list_of(state_of(entry)).timeout_ns;
}

bool FlowTable::is_forgotten(const Entry& entry) const noexcept {
  return eras_[entry.backend.index].era != entry.backend.generation;
}

bool FlowTable::is_live(std::uint32_t index, Instant now) const noexcept {
  const Entry& entry = entries_[index];
  return entry.backend && !is_forgotten(entry) && !is_expired(entry, now);
}

FlowTable::Flow FlowTable::flow_at(std::uint32_t index) const noexcept {
  const Entry& entry = entries_[index];
  return {key_of(entry), backend(FlowSlot(index)), state_of(entry), used_at(entry)};
}

void FlowTable::prefetch_index(std::uint64_t hash) const noexcept {
  index_.prefetch(hash);
}

void FlowTable::prefetch_entry(std::uint64_t hash) const noexcept {
  const std::uint32_t guess = index_.guess(hash);
  if (guess == kNone) return;
  const auto* at = reinterpret_cast<const std::uint8_t*>(&entries_[guess]);
  __builtin_prefetch(at, 1);
  __builtin_prefetch(at + sizeof(Entry) - 1, 1);
}

FlowSlot FlowTable::find(const FlowKey& key, std::uint64_t hash, Instant now) const noexcept {
  const std::uint32_t index =
      index_.find(hash, [&](std::uint32_t slot) { return has_key(entries_[slot], key); });
  if (index == kNone || !is_live(index, now)) return {};
  return FlowSlot(index);
}

FlowSlot FlowTable::insert(const FlowKey& key, std::uint64_t hash, BackendRef backend,
                           FlowState state, Instant now) noexcept {
  POISE_CHECK(backend.index < eras_.size());
  const std::uint32_t old =
      index_.find(hash, [&](std::uint32_t slot) { return has_key(entries_[slot], key); });
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
  Entry& entry = entries_[index];
  entry.source = key.source;
  entry.destination = key.destination;
  entry.source_port = key.source_port;
  entry.destination_port = key.destination_port;
  entry.backend = enter_backend(backend);
  entry.used_state_protocol = pack(ticks(now), state, key.protocol);
  push_newest(index, state);
  index_.insert(hash, index);
  ++occupied_;
  ++counters_.inserted;
  return FlowSlot(index);
}

void FlowTable::touch(FlowSlot slot, Instant now, FlowState state) noexcept {
  Entry& entry = entries_[slot.index_];
  const FlowState old_state = state_of(entry);
  const std::uint64_t used = ticks(now);
  const std::uint64_t old_used = entry.used_state_protocol >> kTicksShift;
  const std::uint64_t packed =
      pack(used, state, static_cast<std::uint8_t>(entry.used_state_protocol));
  if (state == old_state) {
    const int grain = list_of(state).grain_bits;
    if (used >> grain == old_used >> grain) {
      entry.used_state_protocol = packed;  // it moved to the front earlier in this grain
      return;
    }
  } else if (state == FlowState::handshake) {
    make_room_among_handshakes(now);
  }
  unlink(slot.index_);
  entry.used_state_protocol = packed;
  push_newest(slot.index_, state);
}

void FlowTable::erase(FlowSlot slot) noexcept {
  ++counters_.erased;
  remove(slot.index_);
}

BackendRef FlowTable::backend(FlowSlot slot) const noexcept {
  const BackendIndex index = entries_[slot.index_].backend.index;
  return {index, eras_[index].generation};  // of a live flow, whose era is the current one
}

FlowState FlowTable::state(FlowSlot slot) const noexcept {
  return state_of(entries_[slot.index_]);
}

void FlowTable::set_backend(FlowSlot slot, BackendRef backend) noexcept {
  POISE_CHECK(backend.index < eras_.size());
  Entry& entry = entries_[slot.index_];
  leave_backend(entry);
  entry.backend = enter_backend(backend);
}

void FlowTable::forget_backend(BackendRef backend) noexcept {
  POISE_CHECK(backend.index < eras_.size());
  BackendEra& era = eras_[backend.index];
  if (era.generation != backend.generation) return;
  ++era.era;
  size_ -= counts_[backend.index];
  counts_[backend.index] = 0;
}

std::size_t FlowTable::memory_bytes() const {
  return sizeof *this + index_.memory_bytes() + entries_.size() * sizeof(Entry) +
         counts_.size() * sizeof(std::uint32_t) + eras_.size() * sizeof(BackendEra);
}

Instant FlowTable::next_expiry() const noexcept {
  Instant next = kNever;
  for (const List& list : lists_) {
    if (list.count == 0) continue;
    const std::int64_t used = to_ns(used_at(entries_[list.oldest]));
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
      const Entry& entry = entries_[i];
      const FlowKey key = key_of(entry);
      using Halves = std::array<std::uint64_t, 2>;
      for (const Address& address : {key.source, key.destination})
        for (const std::uint64_t half : std::bit_cast<Halves>(address.bytes())) digest.add(half);
      digest.add(std::uint32_t{key.source_port} << 16 | key.destination_port)
          .add(entry.used_state_protocol)
          .add(entry.backend.index)
          .add(eras_[entry.backend.index].generation)
          .add(is_forgotten(entry));
    }
  }
  return digest.value();
}

}  // namespace poise
