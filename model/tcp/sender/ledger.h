// What was sent and not acknowledged: one entry a piece, in order of position.
#pragma once

#include <cstdint>
#include <vector>

#include "model/check.h"
#include "model/hash.h"
#include "model/tcp/segment/sequence.h"
#include "model/time.h"

namespace poise::tcp {

struct Transmission {
  Range range;
  Instant sent_at{};  // the last time
  bool sacked = false;
  bool lost = false;      // and not sent again yet
  bool repeated = false;  // sent more than once
};

// A ring that doubles when it is full: a window's worth of segments at most. Entries are adjacent:
// each begins where the one before ends.
class Ledger {
 public:
  Ledger() : ring_(kSizeMin) {}

  std::size_t size() const { return tail_ - head_; }
  bool empty() const { return head_ == tail_; }
  Transmission& operator[](std::size_t i) { return ring_[(head_ + i) & (ring_.size() - 1)]; }
  const Transmission& operator[](std::size_t i) const {
    return ring_[(head_ + i) & (ring_.size() - 1)];
  }
  Transmission& front() { return (*this)[0]; }
  Transmission& back() { return (*this)[size() - 1]; }
  const Transmission& back() const { return (*this)[size() - 1]; }

  void push(const Transmission& transmission) {
    if (size() == ring_.size()) grow();
    ring_[tail_++ & (ring_.size() - 1)] = transmission;
  }
  void pop_front() { ++head_; }
  void clear() { head_ = tail_ = 0; }

  // The entry that contains `position`; size() when there is none.
  std::size_t find(Position position) const;
  // Cuts entry `i` in two at `position`. REQUIRES: it lies inside.
  void split(std::size_t i, Position position);

  void add_to(Digest& digest) const;

 private:
  static constexpr std::size_t kSizeMin = 16;
  void grow();

  std::vector<Transmission> ring_;
  std::size_t head_ = 0, tail_ = 0;
};

}  // namespace poise::tcp
