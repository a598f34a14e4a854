// The bounded table of live flows: which backend each one has, until when, and who goes first when
// it is full.
//
// Memory: an index of cache lines, each 15 tagged cells of 4 bytes, and entries of 56 bytes; 63
// bytes a flow at full capacity, all taken by the constructor. A look-up touches one line of the
// index and the (one or two) lines of one entry, and both can be prefetched for a burst:
//
//   for each packet:  hash[i] = table.hash(key[i]);  table.prefetch_index(hash[i]);
//   for each packet:  guess[i] = table.prefetch_entry(hash[i]);
//   for each packet:  slot = table.find(key[i], hash[i], now, guess[i]); ...
//
// Order of use: every state has a list of its flows, the latest used first. A use is noted, and the
// flow moved to the front, once in each grain of time: a 64th of the state's timeout or about one
// second, whichever is less. So most packets of a busy flow write nothing and touch no neighbour,
// and in exchange a flow's idle time may count from up to a grain before its last packet; "least
// recently used" has the same precision.
//
// The gate: flows rank closing < handshake < datagram < established. A newcomer to a full table
// takes the place of the least recently used flow of the lowest rank present, and never of a rank
// above its own: a flood of SYNs pushes out no datagram and no established flow, a flood of
// datagrams no established flow. Handshakes hold at most a share of the capacity (a quarter); at
// that bound they replace each other. A newcomer without a victim is refused and counted; its
// packets go by the policy alone. A caller that first meets a flow in mid-connection decides what
// to trust: as `handshake` until it speaks again, a flood of ACKs is held to the same share.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <type_traits>
#include <vector>

#include "model/backend_id.h"
#include "model/flow/flow_entry.h"
#include "model/flow/flow_index.h"
#include "model/flow/flow_key.h"
#include "model/flow/flow_memory.h"
#include "model/time.h"

namespace poise {

// Idle times after which a flow is gone, less the grain said above.
struct FlowTimeouts {
  Duration closing = std::chrono::seconds{5};
  Duration handshake = std::chrono::seconds{10};
  Duration datagram = std::chrono::seconds{30};
  Duration established = std::chrono::seconds{300};
};

// A flow's place, valid until the table next changes by anything but touch() without a change of
// state, or set_backend().
class FlowSlot {
 public:
  constexpr FlowSlot() = default;
  constexpr explicit operator bool() const { return index_ != kNone; }
  friend constexpr bool operator==(FlowSlot, FlowSlot) = default;

 private:
  friend class FlowTable;
  static constexpr std::uint32_t kNone = 0xffffffffu;
  constexpr explicit FlowSlot(std::uint32_t index) : index_(index) {}
  std::uint32_t index_ = kNone;
};

class FlowTable {
 public:
  static constexpr std::uint32_t kCapacityMax = 1u << 28;

  struct Config {
    std::uint32_t capacity = 65536;         // flows, >= 1 and <= kCapacityMax
    std::uint32_t backend_count_max = 256;  // backend indexes are below it; <= 65,535
    FlowTimeouts timeouts;                  // each > 0
    double handshake_share = 0.25;          // of the capacity, at least one flow; in (0, 1]
    std::uint64_t seed = 0;                 // of hash()
  };

  // What happened to flows, by number, since the start.
  struct Counters {
    std::uint64_t inserted = 0;
    std::uint64_t erased = 0;     // by erase(), or replaced by insert() of the same key
    std::uint64_t expired = 0;    // idle for too long, and reclaimed
    std::uint64_t forgotten = 0;  // their backend was forgotten
    std::array<std::uint64_t, kFlowStateCount>
        evicted{};  // pushed out of a full table, by own state
    std::array<std::uint64_t, kFlowStateCount> refused{};  // by the gate, by own state
    std::uint64_t handshake_share_evictions = 0;  // of evicted: because handshakes held their share
  };

  struct Flow {
    FlowKey key;
    BackendRef backend;
    FlowState state = FlowState::handshake;
    Instant last_use;  // as noted: within a grain
  };

  // Lent memory holds the flows, so that they can be read when the process is gone (flow_memory.h).
  explicit FlowTable(const Config& config, LentMemory memory = {});

  // What must be lent.
  static std::size_t memory_size(const Config& config) {
    return FlowMemory::size(config.capacity, config.backend_count_max);
  }

  // The hash to call everything with: FlowHasher(FlowFields::five, config.seed).
  std::uint64_t hash(const FlowKey& key) const noexcept { return hasher_(key); }

  // Inlined by force: g++ 12 takes a call that only prefetches for one without effect, and drops
  // it.
  [[gnu::always_inline]] void prefetch_index(std::uint64_t hash) const noexcept {
    index_.prefetch(hash);
  }
  // Returns a guess at the flow's slot that saves find() a search; it may be wrong or outdated.
  [[gnu::always_inline]] FlowSlot prefetch_entry(std::uint64_t hash) const noexcept {
    const std::uint32_t guess = index_.guess(hash);
    if (guess == kNone) return {};
    const auto* at = reinterpret_cast<const std::uint8_t*>(&entries_[guess]);
    __builtin_prefetch(at);
    __builtin_prefetch(at + sizeof(FlowEntry) - 1);
    return FlowSlot(guess);
  }

  // The live flow of this key: not expired at `now`, its backend not forgotten. REQUIRES: hash ==
  // hash(key).
  FlowSlot find(const FlowKey& key, std::uint64_t hash, Instant now,
                FlowSlot guess = {}) const noexcept {
    const bool is_right =
        guess && entries_[guess.index_].backend && entries_[guess.index_].has_key(key);
    const std::uint32_t index = is_right ? guess.index_ : find_any(key, hash);
    return index != kNone && is_live(entries_[index], now) ? FlowSlot(index) : FlowSlot();
  }

  // Enters a flow, evicting as said above; no slot when the gate refuses it. A flow of the same key
  // that is still in the table is replaced. REQUIRES: hash == hash(key), backend.index <
  // backend_count_max.
  [[nodiscard]] FlowSlot insert(const FlowKey& key, std::uint64_t hash, BackendRef backend,
                                FlowState state, Instant now) noexcept;

  // The flow was used, and its state is now `state`. Becoming a handshake at the bound of the
  // handshakes' share evicts the least recently used one.
  void touch(FlowSlot slot, Instant now, FlowState state) noexcept {
    const FlowEntry& entry = entries_[slot.index_];
    const int grain = list_of(state).grain_bits;
    if (state != entry.state() || to_ticks(now) >> grain != entry.ticks() >> grain)
      move(slot.index_, now, state);
  }
  void erase(FlowSlot slot) noexcept;

  BackendRef backend(FlowSlot slot) const noexcept {
    const BackendIndex index = entries_[slot.index_].backend.index;
    return {index, eras_[index].generation};  // of a live flow, whose era is the current one
  }
  FlowState state(FlowSlot slot) const noexcept { return entries_[slot.index_].state(); }
  // REQUIRES: backend.index < backend_count_max.
  void set_backend(FlowSlot slot, BackendRef backend) noexcept;

  // A backend left: its flows count as absent from now on. Their memory comes back when they speak
  // again, when their timeout passes, or when they are the least recently used.
  void forget_backend(BackendRef backend) noexcept;

  // Live flows by BackendIndex, of size backend_count_max. Expired flows count until they are
  // reclaimed.
  std::span<const std::uint32_t> flow_counts() const { return counts_; }
  std::uint32_t size() const { return size_; }          // the sum of flow_counts()
  std::uint32_t occupied() const { return occupied_; }  // and flows of forgotten backends
  std::uint32_t capacity() const { return static_cast<std::uint32_t>(entries_.size()); }
  const Counters& counters() const { return counters_; }
  std::size_t memory_bytes() const;

  // No flow is to be reclaimed before this instant; kNever for an empty table.
  Instant next_expiry() const noexcept;
  // Reclaims at most `budget` expired flows, and returns how many. With budget left over, none is
  // left and next_expiry() is after `now`.
  std::uint32_t expire(Instant now, std::uint32_t budget) noexcept;

  // Calls visit(const Flow&) for every live flow, in an order that depends on the table's history
  // alone, until it returns false; one that returns nothing sees them all.
  template <class Visit>
  void for_each(Instant now, Visit&& visit) const {
    for (std::uint32_t i = 0; i < high_water_; ++i) {
      if (!entries_[i].backend || !is_live(entries_[i], now)) continue;
      if constexpr (std::is_void_v<decltype(visit(flow_at(i)))>)
        visit(flow_at(i));
      else if (!visit(flow_at(i)))
        return;
    }
  }

  // A hash of the whole state; costs one pass over the flows.
  std::uint64_t digest() const noexcept;

 private:
  static constexpr std::uint32_t kNone = FlowIndex::kNone;

  struct List {
    std::uint32_t newest = kNone, oldest = kNone, count = 0;
    std::int64_t timeout_ns = 0;
    int grain_bits = 0;  // a grain is 2^grain_bits ticks
  };
  List& list_of(FlowState state) { return lists_[static_cast<std::size_t>(state)]; }
  const List& list_of(FlowState state) const { return lists_[static_cast<std::size_t>(state)]; }
  bool is_expired(const FlowEntry& entry, Instant now) const noexcept {
    return to_ns(now) - to_ns(entry.used_at()) >= list_of(entry.state()).timeout_ns;
  }
  bool is_forgotten(const FlowEntry& entry) const noexcept {
    return eras_[entry.backend.index].era != entry.backend.generation;
  }
  bool is_live(const FlowEntry& entry, Instant now) const noexcept {
    return !is_forgotten(entry) && !is_expired(entry, now);
  }
  std::uint32_t find_any(const FlowKey& key, std::uint64_t hash) const noexcept {
    return index_.find(hash, [&](std::uint32_t slot) { return entries_[slot].has_key(key); });
  }
  Flow flow_at(std::uint32_t index) const noexcept;

  BackendRef enter_backend(BackendRef backend) noexcept;
  void begin_era(BackendIndex index, std::uint16_t generation) noexcept;
  void sweep_forgotten(BackendIndex index) noexcept;
  void leave_backend(const FlowEntry& entry) noexcept;
  void push_newest(std::uint32_t index, FlowState state) noexcept;
  void unlink(std::uint32_t index) noexcept;
  void move(std::uint32_t index, Instant now, FlowState state) noexcept;
  void remove(std::uint32_t index) noexcept;
  bool reclaim_dead(std::uint32_t index, Instant now) noexcept;
  void evict(std::uint32_t index) noexcept;
  bool make_room(FlowState state, Instant now) noexcept;
  void make_room_among_handshakes(Instant now) noexcept;

  FlowHasher hasher_;
  FlowIndex index_;
  FlowMemory memory_;
  std::span<FlowEntry> entries_;
  std::span<BackendEra> eras_;         // by backend
  std::vector<std::uint32_t> counts_;  // of live flows, by backend
  std::array<List, kFlowStateCount> lists_;
  std::uint32_t handshakes_max_;
  std::uint32_t size_ = 0, occupied_ = 0;
  std::uint32_t high_water_ = 0;  // entries at and above it were never used
  std::uint32_t free_ = kNone;    // a chain through `older`
  Counters counters_;
};

}  // namespace poise
