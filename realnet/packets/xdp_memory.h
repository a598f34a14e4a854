// The memory that an AF_XDP socket shares with the kernel: frames, and four rings that pass them
// on.
//
//            +--- fill ----> kernel ---- receive ---+
//   free frames                                     program
//            +-- completion <-- kernel <-- transmit-+
#pragma once

#include <linux/if_xdp.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "realnet/system/fd.h"

namespace poise::realnet {

// Memory of mmap that unmaps itself. Move-only.
class Mapping {
 public:
  Mapping() = default;
  // Anonymous where `fd` is -1. Throws SystemError.
  Mapping(std::size_t size, int fd, std::uint64_t offset, const std::string& attempt);
  Mapping(Mapping&& other) noexcept : bytes_(std::exchange(other.bytes_, {})) {}
  Mapping& operator=(Mapping&& other) noexcept {
    std::swap(bytes_, other.bytes_);
    return *this;
  }
  ~Mapping();

  std::span<std::uint8_t> bytes() const { return bytes_; }

 private:
  std::span<std::uint8_t> bytes_;
};

// A ring of kCount entries with one writer and one reader, one of which is the kernel.
template <class Entry>
class SharedRing {
 public:
  static constexpr std::uint32_t kCount = 2048;  // a power of two

  SharedRing() = default;
  SharedRing(int fd, std::uint64_t page, const xdp_ring_offset& offsets, const std::string& attempt)
      : mapping_(offsets.desc + kCount * sizeof(Entry), fd, page, attempt),
        producer_(word(offsets.producer)),
        consumer_(word(offsets.consumer)),
        entries_(reinterpret_cast<Entry*>(mapping_.bytes().data() + offsets.desc)) {}

  // As the reader.
  std::uint32_t ready() const {
    return producer().load(std::memory_order_acquire) - consumer().load(std::memory_order_relaxed);
  }
  const Entry& front(std::uint32_t i) const {
    return entries_[(consumer().load(std::memory_order_relaxed) + i) % kCount];
  }
  void pop(std::uint32_t count) {
    consumer().store(consumer().load(std::memory_order_relaxed) + count, std::memory_order_release);
  }
  // As the writer. REQUIRES: there is room.
  void push(const Entry& entry) {
    const std::uint32_t at = producer().load(std::memory_order_relaxed);
    entries_[at % kCount] = entry;
    producer().store(at + 1, std::memory_order_release);
  }
  // What the reader has not taken yet.
  std::uint32_t waiting() const {
    return producer().load(std::memory_order_relaxed) - consumer().load(std::memory_order_acquire);
  }

 private:
  std::uint32_t* word(std::uint64_t offset) const {
    return reinterpret_cast<std::uint32_t*>(mapping_.bytes().data() + offset);
  }
  std::atomic_ref<std::uint32_t> producer() const { return std::atomic_ref(*producer_); }
  std::atomic_ref<std::uint32_t> consumer() const { return std::atomic_ref(*consumer_); }

  Mapping mapping_;
  std::uint32_t* producer_ = nullptr;
  std::uint32_t* consumer_ = nullptr;
  Entry* entries_ = nullptr;
};

// Fewer frames than a ring has entries, so that no ring is ever too full for one; at first the
// kernel has them all. Each is used in its turn, so together they must fit a processor's cache.
class XdpMemory {
 public:
  static constexpr std::size_t kFrameSize = 4096;
  static constexpr std::size_t kFrameCount = 512;

  // A socket that is bound to nothing yet. Throws SystemError.
  explicit XdpMemory(const std::string& attempt);

  int fd() const { return socket_.get(); }
  // Where a frame begins, of any address in it.
  static std::uint64_t frame_of(std::uint64_t address) { return address & ~(kFrameSize - 1); }
  std::span<std::uint8_t> frame(std::uint64_t address) const {
    return frames_.bytes().subspan(frame_of(address), kFrameSize);
  }
  std::uint64_t address_of(const std::uint8_t* byte) const {
    return static_cast<std::uint64_t>(byte - frames_.bytes().data());
  }

 private:
  Mapping frames_;  // outlives the socket
  Fd socket_;

 public:
  SharedRing<std::uint64_t> fill, completion;
  SharedRing<xdp_desc> receive, transmit;
};

}  // namespace poise::realnet
