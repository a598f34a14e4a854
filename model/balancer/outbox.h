// Datagrams and words that a machine has ready for its world, bounded and in order.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "model/machine.h"

namespace poise {

// A ring of small datagrams (probes, ICMP answers, second halves of a fragmented one). All memory
// is taken in the constructor; when it is full, `begin` gives nothing and the caller counts it.
class PacketOutbox {
 public:
  static constexpr std::size_t kSlots = 128;
  static constexpr std::size_t kSlotSize = 2048;

  PacketOutbox() : memory_(kSlots * kSlotSize), packets_(kSlots) {}

  std::size_t room() const { return kSlots - (tail_ - head_); }  // datagrams that still fit
  // Room for one datagram of up to kSlotSize - kHeadroom bytes, or nothing. `commit` takes it in.
  std::optional<std::span<std::uint8_t>> begin() noexcept {
    if (tail_ - head_ == kSlots) return std::nullopt;
    return slot(tail_).subspan(kHeadroom);
  }
  // The datagram of `size` bytes written at the start of begin()'s room; it may still grow at its
  // front.
  Packet& commit(std::size_t size) noexcept {
    Packet& packet = packets_[tail_ % kSlots];
    packet = Packet(slot(tail_), kHeadroom, size);
    ++tail_;
    return packet;
  }
  // Takes back what was committed last. REQUIRES: nothing was committed or lent since.
  void withdraw() noexcept { --tail_; }
  void clear() noexcept { head_ = tail_; }
  // Lends the oldest until the next call.
  std::optional<Packet> next() noexcept {
    if (head_ == tail_) return std::nullopt;
    return packets_[head_++ % kSlots];
  }

 private:
  std::span<std::uint8_t> slot(std::size_t i) {
    return std::span(memory_).subspan(i % kSlots * kSlotSize, kSlotSize);
  }
  std::vector<std::uint8_t> memory_;
  std::vector<Packet> packets_;
  std::size_t head_ = 0, tail_ = 0;
};

// Messages and notices: the control path, where allocation is allowed.
template <class T>
class Queue {
 public:
  void push(T item) { items_.push_back(std::move(item)); }
  std::optional<T> next() {
    if (items_.empty()) return std::nullopt;
    std::optional<T> item(std::move(items_.front()));
    items_.pop_front();
    return item;
  }

 private:
  std::deque<T> items_;
};

}  // namespace poise
