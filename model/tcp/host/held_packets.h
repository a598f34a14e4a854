// The newest datagrams that reached a standby, for the moment when it takes over.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <vector>

#include "model/time.h"

namespace poise::tcp {

// All memory is taken in the constructor; the oldest make room for the newest. Datagrams have room
// for kSize bytes each in the mean, because a kernel may hand over many segments as one of 64 KiB.
class HeldPackets {
 public:
  static constexpr std::size_t kSize = 2048;
  // An older one is of no use and may do harm. Its sender has long sent it again (RFC 6298, 2.1: a
  // second at first), or does not want it any more; and its port may have begun anew, to which it
  // would be a stray that no wire could have delivered so late.
  static constexpr Duration kAgeMax = std::chrono::seconds{1};

  explicit HeldPackets(std::size_t count_max) : places_(count_max), memory_(count_max * kSize) {}

  void hold(Instant now, std::span<const std::uint8_t> datagram) noexcept {
    if (datagram.empty() || datagram.size() > memory_.size()) return;
    if (end_ + datagram.size() > memory_.size()) {  // a datagram lies in one piece
      while (count_ > 0 && oldest().at >= end_) drop_oldest();
      end_ = 0;
    }
    const std::size_t at = end_;
    end_ += datagram.size();
    while (count_ > 0 && oldest().at >= at && oldest().at < end_) drop_oldest();
    if (count_ == places_.size()) drop_oldest();
    std::copy(datagram.begin(), datagram.end(), memory_.begin() + static_cast<std::ptrdiff_t>(at));
    places_[(first_ + count_++) % places_.size()] = {now, at, datagram.size()};
  }
  bool empty() const { return count_ == 0; }
  // Visits from the oldest on those that are young enough, and forgets all.
  template <class Visit>
  void release(Instant now, Visit visit) {
    for (; count_ > 0; drop_oldest())
      if (now - oldest().came_at <= kAgeMax)
        visit(std::span(memory_).subspan(oldest().at, oldest().size));
  }

 private:
  struct Place {
    Instant came_at{};
    std::size_t at = 0, size = 0;
  };

  const Place& oldest() const { return places_[first_]; }
  void drop_oldest() {
    first_ = (first_ + 1) % places_.size();
    --count_;
  }

  std::vector<Place> places_;  // a ring: count_ from first_ on
  std::size_t first_ = 0, count_ = 0;
  std::vector<std::uint8_t> memory_;  // a ring too: the newest ends at end_
  std::size_t end_ = 0;
};

}  // namespace poise::tcp
