// Bytes addressed by their offset in a stream, in chunks of a shared bounded pool.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace poise::tcp {

// A fixed number of equal chunks, all memory taken in the constructor (and touched by no one until
// it is used).
class ChunkPool {
 public:
  static constexpr std::uint32_t kChunkSize = 16384;

  explicit ChunkPool(std::uint32_t chunk_count);

  std::optional<std::uint32_t> take() noexcept;  // nothing when all are taken
  void give(std::uint32_t chunk) noexcept;
  std::span<std::uint8_t> bytes(std::uint32_t chunk) noexcept;
  std::uint32_t free_count() const;
  std::uint32_t chunk_count() const;
};

// A window [begin, begin + capacity) of a stream. Which of its bytes have been stored is for its
// owner to know (range_set.h). Takes chunks where bytes are stored, gives them back when all of a
// chunk lies before `begin`.
class ByteQueue {
 public:
  // `capacity` in bytes. REQUIRES: the pool outlives the queue.
  ByteQueue(ChunkPool& pool, std::uint64_t capacity);
  ~ByteQueue();
  ByteQueue(ByteQueue&&) noexcept;
  ByteQueue& operator=(ByteQueue&&) noexcept;

  std::uint64_t begin() const;
  std::uint64_t capacity() const;
  void set_capacity(std::uint64_t capacity);  // never below what is stored

  // Stores from `offset` on and returns how many bytes, from the first: fewer at the end of the
  // window or of the pool. Bytes below `begin` count as stored.
  std::size_t store(std::uint64_t offset, std::span<const std::uint8_t> bytes) noexcept;
  // Copies; REQUIRES: the bytes were stored.
  void load(std::uint64_t offset, std::span<std::uint8_t> into) const noexcept;
  // The longest contiguous piece at `offset`, at most `size`: for writing segments without a copy.
  std::span<const std::uint8_t> view(std::uint64_t offset, std::size_t size) const noexcept;
  // Moves `begin` forward; what lies before is gone.
  void drop_before(std::uint64_t offset) noexcept;
  // Empty, beginning there.
  void reset(std::uint64_t begin) noexcept;
};

}  // namespace poise::tcp
