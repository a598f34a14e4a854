// Formatting a region, and reading what survived in one.
#include "model/flow/flow_memory.h"

#include <cstring>
#include <memory>

#include "model/check.h"
#include "model/flow/ordered_store.h"
#include "model/hash.h"

namespace poise {
namespace {

constexpr std::size_t kLine = 64;
constexpr std::uint64_t kMagic = 0x574f4c4645534f50;  // "POSEFLOW" in memory
constexpr std::uint32_t kVersion = 1;

struct Header {
  std::uint64_t magic = kMagic;
  std::uint32_t version = kVersion;
  std::uint32_t entry_size = sizeof(FlowEntry);
  std::uint64_t layout = 0;
  std::uint32_t capacity = 0;
  std::uint32_t backends = 0;
  std::uint64_t life = 0;
  std::uint64_t check = 0;
};
static_assert(sizeof(Header) == 48);

// Changes when a field moves: a region of another build is then no region of ours.
std::uint64_t layout_digest() {
  return Digest()
      .add(offsetof(FlowEntry, source))
      .add(offsetof(FlowEntry, destination))
      .add(offsetof(FlowEntry, source_port))
      .add(offsetof(FlowEntry, destination_port))
      .add(offsetof(FlowEntry, backend))
      .add(offsetof(FlowEntry, packed))
      .add(offsetof(BackendEra, generation))
      .add(offsetof(BackendEra, era))
      .add(kTickBits)
      .add(kFlowStateCount)
      .value();
}

std::uint64_t check_of(const Header& header) {
  return Digest()
      .add(header.magic)
      .add(header.version)
      .add(header.entry_size)
      .add(header.layout)
      .add(header.capacity)
      .add(header.backends)
      .add(header.life)
      .value();
}

constexpr std::size_t in_lines(std::size_t size) {
  return (size + kLine - 1) / kLine * kLine;
}
constexpr std::size_t kErasAt = in_lines(sizeof(Header));
std::size_t entries_at(std::uint32_t backend_count) {
  return kErasAt + in_lines(backend_count * sizeof(BackendEra));
}

template <class T>
T load(std::span<const std::byte> bytes, std::size_t at) {
  T value;
  std::memcpy(static_cast<void*>(&value), bytes.data() + at, sizeof value);
  return value;
}

// Room for T in memory that holds nothing yet.
template <class T>
std::span<T> construct(std::byte* at, std::size_t count) {
  T* const first = reinterpret_cast<T*>(at);
  std::uninitialized_value_construct_n(first, count);
  return {first, count};
}

bool is_plausible(const FlowEntry& entry, Instant now) {
  const FlowKey key = entry.key();
  return key.source.family() == key.destination.family() && !key.source.is_unspecified() &&
         !key.destination.is_unspecified() && entry.ticks() <= to_ticks(now);
}

}  // namespace

FlowMemory::FlowMemory(std::uint32_t capacity, std::uint32_t backend_count, LentMemory lent) {
  if (lent.bytes.empty()) {
    own_entries_.resize(capacity);
    own_eras_.resize(backend_count);
    entries_ = own_entries_;
    eras_ = own_eras_;
    return;
  }
  std::byte* const base = lent.bytes.data();
  POISE_CHECK(lent.bytes.size() >= size(capacity, backend_count));
  POISE_CHECK(reinterpret_cast<std::uintptr_t>(base) % kLine == 0);
  Header& header = construct<Header>(base, 1)[0];
  header.check = 0;
  keep_order();
  eras_ = construct<BackendEra>(base + kErasAt, backend_count);
  entries_ = construct<FlowEntry>(base + entries_at(backend_count), capacity);
  header.layout = layout_digest();
  header.capacity = capacity;
  header.backends = backend_count;
  header.life = lent.life;
  const std::uint64_t check = check_of(header);
  keep_order();
  store_whole(header.check, check);
}

std::size_t FlowMemory::size(std::uint32_t capacity, std::uint32_t backend_count) {
  return entries_at(backend_count) + capacity * sizeof(FlowEntry);
}

std::string_view to_string(Survival::Outcome outcome) {
  switch (outcome) {
    case Survival::Outcome::read:
      return "read";
    case Survival::Outcome::too_short:
      return "too short";
    case Survival::Outcome::no_region:
      return "no region of a flow table";
    case Survival::Outcome::other_layout:
      return "a region of another layout";
  }
  return "?";
}

Survival visit_surviving(std::span<const std::byte> region, Instant now,
                         const std::function<void(const SurvivingFlow&)>& visit) {
  using Outcome = Survival::Outcome;
  Survival survival;
  const auto end = [&](Outcome outcome) {
    survival.outcome = outcome;
    return survival;
  };
  if (region.size() < sizeof(Header)) return end(Outcome::too_short);
  const Header header = load<Header>(region, 0);
  if (header.magic != kMagic || header.check != check_of(header)) return end(Outcome::no_region);
  if (header.version != kVersion || header.entry_size != sizeof(FlowEntry) ||
      header.layout != layout_digest())
    return end(Outcome::other_layout);
  if (region.size() < FlowMemory::size(header.capacity, header.backends))
    return end(Outcome::too_short);
  survival.life = header.life;

  for (std::size_t i = 0; i < header.capacity; ++i) {
    const auto entry = load<FlowEntry>(region, entries_at(header.backends) + i * sizeof(FlowEntry));
    if (!entry.backend) continue;
    if (entry.backend.index >= header.backends || !is_plausible(entry, now)) {
      ++survival.implausible;
      continue;
    }
    const auto era = load<BackendEra>(region, kErasAt + entry.backend.index * sizeof(BackendEra));
    if (era.era != entry.backend.generation) {
      ++survival.forgotten;
      continue;
    }
    ++survival.flows;
    visit({entry.key(), {entry.backend.index, era.generation}, entry.state(), entry.used_at()});
  }
  return end(Outcome::read);
}

}  // namespace poise
