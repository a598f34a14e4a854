// The newest datagrams that reached a standby, for the moment when it takes over.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <vector>

namespace poise::tcp {

// All memory is taken in the constructor; the oldest makes room for the newest.
class HeldPackets {
 public:
  static constexpr std::size_t kSize = 2048;  // of a datagram; a larger one is not kept

  explicit HeldPackets(std::size_t count_max) : slots_(count_max) {}

  void hold(std::span<const std::uint8_t> datagram) noexcept {
    if (slots_.empty() || datagram.size() > kSize) return;
    Slot& slot = slots_[next_++ % slots_.size()];
    std::copy(datagram.begin(), datagram.end(), slot.bytes);
    slot.size = static_cast<std::uint16_t>(datagram.size());
  }
  bool empty() const { return next_ == 0; }
  // Visits all from the oldest on, and forgets them.
  template <class Visit>
  void release(Visit visit) {
    const std::size_t count = std::min(next_, slots_.size());
    for (std::size_t i = next_ - count; i < next_; ++i) {
      Slot& slot = slots_[i % slots_.size()];
      visit(std::span(slot.bytes, slot.size));
    }
    next_ = 0;
  }
  void clear() { next_ = 0; }

 private:
  struct Slot {
    std::uint16_t size = 0;
    std::uint8_t bytes[kSize];
  };
  std::vector<Slot> slots_;
  std::size_t next_ = 0;
};

}  // namespace poise::tcp
