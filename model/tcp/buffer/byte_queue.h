// Bytes addressed by their offset in a stream, in chunks of a shared bounded pool.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "model/hash.h"

namespace poise::tcp {

// What a chunk is to hold, by who goes first when few are left. What is sent drains by itself and
// must find room, or an application that answers could read no more; what came out of order may be
// sent again.
enum class Use : std::uint8_t {
  copy,      // a standby's: its active has room for it
  sent,      // any that is free
  received,  // leaves an eighth of the pool
  ahead,     // out of order: leaves a quarter
};

// A fixed number of equal chunks, all memory taken in the constructor (and touched by no one until
// it is used).
class ChunkPool {
 public:
  static constexpr std::uint32_t kChunkSize = 16384;

  explicit ChunkPool(std::uint32_t chunk_count);
  ChunkPool(const ChunkPool&) = delete;
  ChunkPool& operator=(const ChunkPool&) = delete;

  // Nothing when all are taken, or when a queue that has `had` chunks would take more than its
  // share of what is left for such use: four times as much as remains (ahead: as much). So one
  // connection never holds all, and several share alike (dynamic thresholds: Choudhury and Hahne
  // 1998).
  std::optional<std::uint32_t> take(Use use, std::uint32_t had) noexcept;
  void give(std::uint32_t chunk) noexcept;
  // Somebody reads what lies there: until release() its chunk, given back, is not taken again.
  // REQUIRES: the bytes are a chunk's, or none.
  void hold(std::span<const std::uint8_t> bytes) noexcept;
  void release() noexcept;
  std::span<std::uint8_t> bytes(std::uint32_t chunk) noexcept;
  std::uint32_t free_count() const { return static_cast<std::uint32_t>(free_.size()); }
  std::uint32_t chunk_count() const { return chunk_count_; }

 private:
  std::uint32_t chunk_count_;
  std::unique_ptr<std::uint8_t[]> memory_;
  std::vector<std::uint32_t> free_;  // the last given is the first taken: it is still in the cache
  std::vector<std::uint32_t> held_in_;  // by chunk: the round in which it was held last
  std::vector<std::uint32_t> given_;    // back, while held
  std::uint32_t round_ = 1;             // release() begins the next
};

// A window [begin, begin + capacity) of a stream. Which of its bytes have been stored is for its
// owner to know (range_set.h). Takes chunks where bytes are stored, gives them back when all of a
// chunk lies before `begin`, and all of them when nothing lies behind it.
class ByteQueue {
 public:
  // `capacity` in bytes. REQUIRES: the pool outlives the queue.
  ByteQueue(ChunkPool& pool, std::uint64_t capacity);
  ~ByteQueue();
  ByteQueue(ByteQueue&&) noexcept;
  ByteQueue& operator=(ByteQueue&&) noexcept;

  std::uint64_t begin() const { return begin_; }
  std::uint64_t end() const { return end_; }  // behind the last byte that was ever stored
  std::uint64_t capacity() const { return capacity_; }

  // Stores from `offset` on and returns how many bytes, from the first: fewer at the end of the
  // window or where the pool gives no chunk. Bytes below `begin` count as stored.
  std::size_t store(std::uint64_t offset, std::span<const std::uint8_t> bytes,
                    Use use = Use::sent) noexcept;
  // Copies; REQUIRES: the bytes were stored.
  void load(std::uint64_t offset, std::span<std::uint8_t> into) const noexcept;
  // The longest contiguous piece at `offset`, at most `size`: for writing segments without a copy.
  std::span<const std::uint8_t> view(std::uint64_t offset, std::size_t size) const noexcept;
  // Moves `begin` forward; what lies before is gone.
  void drop_before(std::uint64_t offset) noexcept;
  // Empty, beginning there.
  void reset(std::uint64_t begin) noexcept;
  void add_to(Digest& digest) const;  // what is where, without the bytes

 private:
  static constexpr std::uint32_t kNone = ~std::uint32_t{0};

  std::uint32_t& slot(std::uint64_t number) noexcept {
    return slots_[number & (slots_.size() - 1)];
  }
  std::uint32_t slot(std::uint64_t number) const noexcept {
    return slots_[number & (slots_.size() - 1)];
  }
  std::span<std::uint8_t> taken(std::uint64_t number, Use use) noexcept;
  void give_chunks(std::uint64_t first, std::uint64_t last) noexcept;  // numbers, without last

  ChunkPool* pool_;
  std::vector<std::uint32_t> slots_;  // by a chunk's number in the stream, modulo their count
  std::uint64_t begin_ = 0;
  std::uint64_t end_ = 0;
  std::uint64_t capacity_;
  std::uint32_t chunk_count_ = 0;  // taken
};

}  // namespace poise::tcp
