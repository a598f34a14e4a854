// A ring of the datagrams in pieces, oldest first, behind the flow table's kind of index.
#include "model/flow/fragment_map.h"

#include "model/check.h"
#include "model/hash.h"

namespace poise {

FragmentMap::FragmentMap(const Config& config)
    : timeout_(config.timeout),
      hasher_(FlowFields::five, config.seed),
      index_(config.capacity),
      ring_(config.capacity) {
  POISE_CHECK(config.capacity >= 1 && config.timeout > Duration::zero());
}

// IPv4 names a datagram in pieces by addresses, protocol and id (RFC 791, 3.2), IPv6 without the
// protocol (RFC 8200, 4.5), which later fragments of one datagram need not agree about.
FlowKey FragmentMap::key_of(const wire::Datagram& datagram) noexcept {
  const bool v4 = datagram.family == Family::v4;
  return {
      datagram.source, datagram.destination, static_cast<std::uint16_t>(datagram.fragment_id >> 16),
      static_cast<std::uint16_t>(datagram.fragment_id), v4 ? datagram.protocol : std::uint8_t{0}};
}

std::uint32_t FragmentMap::find_slot(const FlowKey& key, std::uint64_t hash) const noexcept {
  return index_.find(hash, [&](std::uint32_t slot) { return ring_[slot].key == key; });
}

void FragmentMap::remember(const wire::Datagram& datagram, BackendRef backend,
                           Instant now) noexcept {
  const FlowKey key = key_of(datagram);
  const std::uint64_t hash = hasher_(key);
  if (const std::uint32_t slot = find_slot(key, hash); slot != FlowIndex::kNone) {
    ring_[slot].backend = backend;  // the first fragment came again
    ring_[slot].remembered = now;
    return;
  }
  Entry& entry = ring_[next_];
  if (size_ == ring_.size()) {
    if (now - entry.remembered < timeout_) ++counters_.evicted;
    index_.erase(hasher_(entry.key), next_);
  } else {
    ++size_;
  }
  entry = {key, backend, now};
  index_.insert(hash, next_);
  next_ = next_ + 1 == ring_.size() ? 0 : next_ + 1;
  ++counters_.remembered;
}

BackendRef FragmentMap::find(const wire::Datagram& datagram, Instant now) noexcept {
  const FlowKey key = key_of(datagram);
  const std::uint32_t slot = find_slot(key, hasher_(key));
  if (slot == FlowIndex::kNone || now - ring_[slot].remembered >= timeout_) {
    ++counters_.missed;
    return {};
  }
  ++counters_.found;
  return ring_[slot].backend;
}

std::size_t FragmentMap::memory_bytes() const {
  return sizeof *this + index_.memory_bytes() + ring_.size() * sizeof(Entry);
}

std::uint64_t FragmentMap::digest() const noexcept {
  Digest digest;
  digest.add(size_).add(next_).add(counters_.found).add(counters_.missed).add(counters_.evicted);
  for (std::uint32_t i = 0; i < size_; ++i) {
    const Entry& entry = ring_[i];
    digest.add(hasher_(entry.key)).add(entry.backend.index).add(entry.backend.generation);
    digest.add(to_ns(entry.remembered));
  }
  return digest.value();
}

}  // namespace poise
