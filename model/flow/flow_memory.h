// The memory of a flow table that outlives its process: its layout, and how what survived is read.
//
//   region  = header eras entries                     each part begins on a cache line
//   header  = magic:u64 version:u32 entry_size:u32 layout:u64 capacity:u32 backends:u32 life:u64
//             check:u64                               a digest of all before it
//   eras    = backends x { generation:u16 era:u16 }   by BackendIndex
//   entries = capacity x FlowEntry                    56 bytes each; no backend: not in use
//
// Words are the machine's own (little-endian: the key's own assertion sees to it). A world lends
// zeroed or used bytes, say a mapped file under /run; the table formats them and lives in them.
// When the process dies, the kernel keeps every store that was made, in the order in which the
// thread made them: `kill -9` leaves a prefix of the stores. So what is read must make sense after
// any prefix, and does:
//
// - An entry is published by one store of four bytes, `backend`, after its key, its state and its
//   time; it is unpublished by one store of the same word, before anything else of it changes.
//   Between them only two words that the reader looks at are written, each whole, by one aligned
//   store: `backend` (the flow moved: before or after, both were true) and `packed` (state and
//   time). A key is never written while its entry is published. So no key stands with another's
//   backend.
// - `backend` is {index, era}. It means eras[index].generation while the eras are equal. A new
//   generation comes with a new era in the same store of four bytes, and entries of the old era
//   mean nothing from then on. So no flow is handed from a backend to its successor in the same
//   slot. An era that is used again (after 65,536) finds no entry of its first use: those are swept
//   out.
// - {index, generation} means a backend by the membership of the same `life` alone: a number that
//   the world draws at each start and writes beside the names of the members. A membership that was
//   written before the backend joined does not know the pair, and its flows are lost, not misled.
// - The check is cleared before the parts are formatted and written after, so that a region whose
//   formatting was struck is no region.
//
// The compiler keeps that order because of signal fences and relaxed atomic stores, which cost
// nothing; the processor, because an interrupted thread has retired a prefix of its stores.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "model/backend_id.h"
#include "model/flow/flow_entry.h"
#include "model/time.h"

namespace poise {

// A backend's flows carry the era in which they were entered; forgetting them begins the next.
struct alignas(4) BackendEra {
  std::uint16_t generation = 0;
  std::uint16_t era = 0;
};

// Memory that a caller lends to a flow table; empty: the table has its own. It must outlive the
// table, be aligned to 64 bytes and have at least FlowTable::memory_size() of them.
struct LentMemory {
  std::span<std::byte> bytes;
  std::uint64_t life = 0;  // whose indexes and generations the flows carry
};

// Where a table's surviving parts lie: lent, or its own.
class FlowMemory {
 public:
  FlowMemory(std::uint32_t capacity, std::uint32_t backend_count, LentMemory lent);
  FlowMemory(const FlowMemory&) = delete;
  FlowMemory& operator=(const FlowMemory&) = delete;

  std::span<FlowEntry> entries() const { return entries_; }
  std::span<BackendEra> eras() const { return eras_; }

  static std::size_t size(std::uint32_t capacity, std::uint32_t backend_count);

 private:
  std::vector<FlowEntry> own_entries_;
  std::vector<BackendEra> own_eras_;
  std::span<FlowEntry> entries_;
  std::span<BackendEra> eras_;
};

// A flow as it was found in the memory of a table that is gone.
struct SurvivingFlow {
  FlowKey key;
  BackendRef backend;  // of the region's life
  FlowState state = FlowState::handshake;
  Instant last_use;
};

// What a region has to say for itself.
struct Survival {
  enum class Outcome : std::uint8_t { read, too_short, no_region, other_layout };
  Outcome outcome = Outcome::no_region;
  std::uint64_t life = 0;
  std::uint64_t flows = 0;        // visited
  std::uint64_t implausible = 0;  // passed over: a field out of its range, or a time in the future
  std::uint64_t forgotten = 0;    // passed over: their backend was forgotten
};
std::string_view to_string(Survival::Outcome outcome);

// Visits the flows in a region, in the order of their entries. Total: any bytes, of any alignment,
// are a region or not, and each entry a flow or not. Expired flows are visited: who restores them
// has the timeouts. No key is visited twice unless the bytes were damaged by other means than
// death.
Survival visit_surviving(std::span<const std::byte> region, Instant now,
                         const std::function<void(const SurvivingFlow&)>& visit);

}  // namespace poise
