// Where the fragments of a datagram go: later ones have no ports and follow their first.
#pragma once

#include <cstdint>
#include <vector>

#include "model/backend_id.h"
#include "model/flow/flow_index.h"
#include "model/flow/flow_key.h"
#include "model/time.h"
#include "model/wire/datagram.h"

namespace poise {

// Bounded: the oldest datagram makes room for the newest, and is counted when it was still wanted.
// A later fragment whose first has not been seen is the caller's to drop and count: it is not held
// back.
class FragmentMap {
 public:
  struct Config {
    std::uint32_t capacity = 1024;  // datagrams in pieces at a time, >= 1
    Duration timeout = std::chrono::seconds{2};
    std::uint64_t seed = 0;
  };
  struct Counters {
    std::uint64_t remembered = 0;
    std::uint64_t found = 0;
    std::uint64_t missed = 0;
    std::uint64_t evicted = 0;  // pushed out before their time
  };

  explicit FragmentMap(const Config& config);

  // A first fragment went to `backend`; its later ones are to follow for the timeout.
  // REQUIRES: datagram.is_first_fragment().
  void remember(const wire::Datagram& datagram, BackendRef backend, Instant now) noexcept;

  // The backend of a later fragment's datagram; no backend when unknown or too old.
  // REQUIRES: datagram.is_later_fragment().
  BackendRef find(const wire::Datagram& datagram, Instant now) noexcept;

  std::uint32_t size() const { return size_; }  // not pushed out; expired ones included
  const Counters& counters() const { return counters_; }
  std::size_t memory_bytes() const;
  std::uint64_t digest() const noexcept;

 private:
  struct Entry {
    FlowKey key;  // with the fragment id in the ports' place
    BackendRef backend;
    Instant remembered;
  };

  static FlowKey key_of(const wire::Datagram& datagram) noexcept;
  std::uint32_t find_slot(const FlowKey& key, std::uint64_t hash) const noexcept;

  Duration timeout_;
  FlowHasher hasher_;
  FlowIndex index_;
  std::vector<Entry> ring_;
  std::uint32_t next_ = 0;  // of the ring: the oldest once it is full
  std::uint32_t size_ = 0;
  Counters counters_;
};

}  // namespace poise
