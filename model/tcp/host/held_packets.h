// The newest datagrams that reached a standby, for the moment when it takes over.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <vector>

#include "model/time.h"

namespace poise::tcp {

// All memory is taken in the constructor; the oldest makes room for the newest.
class HeldPackets {
 public:
  static constexpr std::size_t kSize = 2048;  // of a datagram; a larger one is not kept
  // An older one is of no use and may do harm. Its sender has long sent it again (RFC 6298, 2.1: a
  // second at first), or does not want it any more; and its port may have begun anew, to which it
  // would be a stray that no wire could have delivered so late.
  static constexpr Duration kAgeMax = std::chrono::seconds{1};

  explicit HeldPackets(std::size_t count_max) : slots_(count_max) {}

  void hold(Instant now, std::span<const std::uint8_t> datagram) noexcept {
    if (slots_.empty() || datagram.size() > kSize) return;
    Slot& slot = slots_[next_++ % slots_.size()];
    std::copy(datagram.begin(), datagram.end(), slot.bytes);
    slot.size = static_cast<std::uint16_t>(datagram.size());
    slot.came_at = now;
  }
  bool empty() const { return next_ == 0; }
  // Visits from the oldest on those that are young enough, and forgets all.
  template <class Visit>
  void release(Instant now, Visit visit) {
    const std::size_t count = std::min(next_, slots_.size());
    for (std::size_t i = next_ - count; i < next_; ++i) {
      Slot& slot = slots_[i % slots_.size()];
      if (now - slot.came_at <= kAgeMax) visit(std::span(slot.bytes, slot.size));
    }
    next_ = 0;
  }

 private:
  struct Slot {
    Instant came_at{};
    std::uint16_t size = 0;
    std::uint8_t bytes[kSize];
  };
  std::vector<Slot> slots_;
  std::size_t next_ = 0;
};

}  // namespace poise::tcp
