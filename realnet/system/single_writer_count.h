// A count that one thread increases and others may read.
#pragma once

#include <atomic>
#include <cstdint>

namespace poise::realnet {

// As cheap as an integer: no locked instruction, since there is one writer.
class SingleWriterCount {
 public:
  SingleWriterCount() = default;
  SingleWriterCount(const SingleWriterCount& other) : value_(other) {}
  SingleWriterCount& operator=(const SingleWriterCount& other) {
    value_.store(other, std::memory_order_relaxed);
    return *this;
  }

  operator std::uint64_t() const { return value_.load(std::memory_order_relaxed); }
  void operator+=(std::uint64_t more) { value_.store(*this + more, std::memory_order_relaxed); }
  void operator++() { *this += 1; }

 private:
  std::atomic<std::uint64_t> value_ = 0;
};

}  // namespace poise::realnet
