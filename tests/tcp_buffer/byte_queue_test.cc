// A queue of chunks gives back what was stored, and every chunk when it is done.
#include "model/tcp/buffer/byte_queue.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <map>
#include <utility>

#include "model/random.h"

namespace poise::tcp {
namespace {

using Bytes = std::vector<std::uint8_t>;
constexpr std::uint64_t kChunk = ChunkPool::kChunkSize;

// What any stream of these tests says at an offset: random bytes with a period that no chunk
// divides.
std::span<const std::uint8_t> stream(std::uint64_t offset, std::size_t size) {
  constexpr std::size_t kPeriod = 262147;
  static const Bytes kTwice = [] {
    Bytes bytes(2 * kPeriod);
    for (std::size_t i = 0; i < bytes.size(); ++i)
      bytes[i] = static_cast<std::uint8_t>(mix64(i % kPeriod));
    return bytes;
  }();
  return std::span(kTwice).subspan(offset % kPeriod, size);
}

void expect_stored(const ByteQueue& queue, std::uint64_t offset, std::size_t size) {
  Bytes bytes(size);
  queue.load(offset, bytes);
  ASSERT_EQ(std::memcmp(bytes.data(), stream(offset, size).data(), size), 0)
      << size << " bytes at " << offset;
  std::size_t seen = 0;
  while (seen < size) {
    const std::span<const std::uint8_t> piece = queue.view(offset + seen, size - seen);
    ASSERT_FALSE(piece.empty());
    ASSERT_LE(piece.size(), size - seen);
    ASSERT_EQ(std::memcmp(piece.data(), stream(offset + seen, piece.size()).data(), piece.size()),
              0);
    seen += piece.size();
  }
}

// What is stored, as ranges [begin, end) of offsets.
using Stored = std::map<std::uint64_t, std::uint64_t>;

void drop_before(Stored& stored, std::uint64_t offset) {
  Stored left;
  for (const auto& [begin, end] : stored)
    if (end > offset) {
      std::uint64_t& known = left[std::max(begin, offset)];
      known = std::max(known, end);
    }
  stored = left;
}

std::uint32_t chunks_of(const Stored& stored) {
  std::uint32_t count = 0;
  std::uint64_t next = 0;  // the first chunk that was not counted yet
  for (const auto& [begin, end] : stored) {
    const std::uint64_t first = std::max(begin / kChunk, next), last = (end - 1) / kChunk;
    if (last + 1 > first) count += static_cast<std::uint32_t>(last + 1 - first);
    next = std::max(next, last + 1);
  }
  return count;
}

TEST(ByteQueue, GivesBackWhatWasStoredWhateverTheOrder) {
  for (std::uint64_t seed = 0; seed < 2500; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Rng rng(seed);
    ChunkPool pool(64);
    const std::uint64_t start = rng.below(2) ? rng.below(1u << 20) : rng.next() >> 2;
    ByteQueue queue(pool, 1 + rng.below(8 * kChunk));
    queue.reset(start);
    Stored stored;
    for (int step = 0; step < 40; ++step) {
      const std::uint64_t end = queue.begin() + queue.capacity();
      if (rng.below(3) == 0) {
        const std::uint64_t to = queue.begin() + rng.below(queue.capacity() + kChunk);
        queue.drop_before(to);
        drop_before(stored, to);
        ASSERT_EQ(queue.begin(), to);
      } else {
        const std::uint64_t at = queue.begin() + rng.below(queue.capacity() + 10) - rng.below(3);
        const std::size_t size = rng.below(rng.below(4) ? 3000 : 3 * kChunk);
        const std::uint64_t from = std::max(at, queue.begin());
        const std::uint64_t to = std::min(std::max(at + size, from), end);
        const std::size_t expected = at >= end ? 0 : std::min<std::size_t>(size, end - at);
        ASSERT_EQ(queue.store(at, stream(at, size)), expected);
        if (to > from) {
          std::uint64_t& known = stored[from];
          known = std::max(known, to);
        }
      }
      ASSERT_LE(pool.chunk_count() - pool.free_count(), chunks_of(stored) + 1);
      for (const auto& [begin, last] : stored)
        expect_stored(queue, begin, static_cast<std::size_t>(last - begin));
    }
    queue.reset(start);
    ASSERT_EQ(pool.free_count(), pool.chunk_count());
  }
}

TEST(ByteQueue, StoresWhatThePoolStillHolds) {
  ChunkPool pool(2);
  ByteQueue queue(pool, 4 * kChunk);
  EXPECT_EQ(queue.store(0, stream(0, 4 * kChunk)), 2 * kChunk);
  expect_stored(queue, 0, 2 * kChunk);
  EXPECT_EQ(queue.store(2 * kChunk, stream(2 * kChunk, 1)), 0u);
  queue.drop_before(kChunk);
  EXPECT_EQ(queue.store(2 * kChunk, stream(2 * kChunk, 2 * kChunk)), kChunk);
  expect_stored(queue, kChunk, 2 * kChunk);
}

TEST(ByteQueue, CountsWhatLiesBeforeItsBeginningAsStored) {
  ChunkPool pool(2);
  ByteQueue queue(pool, 100);
  queue.reset(50);
  EXPECT_EQ(queue.store(10, stream(10, 20)), 20u);
  EXPECT_EQ(pool.free_count(), 2u);
  EXPECT_EQ(queue.store(40, stream(40, 20)), 20u);
  expect_stored(queue, 50, 10);
}

TEST(ByteQueue, HoldsNoChunkWhenNothingLiesInIt) {
  ChunkPool pool(4);
  ByteQueue queue(pool, kChunk);
  for (std::uint64_t at = 0; at < 10 * kChunk; at += 1000) {
    ASSERT_EQ(queue.store(at, stream(at, 1000)), 1000u);
    expect_stored(queue, at, 1000);
    queue.drop_before(at + 1000);
    ASSERT_EQ(pool.free_count(), 4u);
  }
}

TEST(ChunkPool, GivesNoChunkAgainThatSomebodyStillReads) {
  ChunkPool pool(3);
  ByteQueue queue(pool, 2 * kChunk);
  ASSERT_EQ(queue.store(0, stream(0, 2 * kChunk)), 2 * kChunk);
  const std::span<const std::uint8_t> read = queue.view(5, kChunk);
  pool.hold(read);
  queue.drop_before(2 * kChunk);
  EXPECT_EQ(pool.free_count(), 2u);
  ASSERT_EQ(queue.store(2 * kChunk, stream(0, 2 * kChunk)), 2 * kChunk);
  EXPECT_EQ(pool.free_count(), 0u);
  EXPECT_TRUE(std::ranges::equal(read, stream(5, read.size())));
  pool.release();
  EXPECT_EQ(pool.free_count(), 1u);
  queue.reset(0);
  EXPECT_EQ(pool.free_count(), 3u);
}

TEST(ByteQueue, MovesWithItsChunks) {
  ChunkPool pool(4);
  {
    ByteQueue queue(pool, kChunk);
    ASSERT_EQ(queue.store(0, stream(0, 100)), 100u);
    ByteQueue other(std::move(queue));
    expect_stored(other, 0, 100);
    ByteQueue third(pool, 10);
    ASSERT_EQ(third.store(0, stream(0, 10)), 10u);
    third = std::move(other);
    expect_stored(third, 0, 100);
  }
  EXPECT_EQ(pool.free_count(), 4u);
}

// Stores a byte in each chunk from the first on; how many chunks the pool gave.
std::uint32_t take_all(ByteQueue& queue, Use use) {
  const std::uint8_t byte = 1;
  for (std::uint32_t i = 0;; ++i)
    if (queue.store(i * kChunk, {&byte, 1}, use) == 0) return i;
}

TEST(ChunkPool, LeavesRoomForWhatGoesFirst) {
  ChunkPool pool(64);
  std::vector<ByteQueue> queues;
  for (int i = 0; i < 200; ++i) queues.emplace_back(pool, 64 * kChunk);
  for (ByteQueue& queue : queues) (void)take_all(queue, Use::ahead);
  EXPECT_EQ(pool.free_count(), 16u);
  std::vector<ByteQueue> more;
  for (int i = 0; i < 200; ++i) more.emplace_back(pool, 64 * kChunk);
  for (ByteQueue& queue : more) (void)take_all(queue, Use::received);
  EXPECT_EQ(pool.free_count(), 8u);
  ByteQueue answer(pool, 64 * kChunk);
  EXPECT_GT(take_all(answer, Use::sent), 0u);
}

TEST(ChunkPool, GivesNobodyAll) {
  for (const Use use : {Use::sent, Use::received, Use::ahead}) {
    ChunkPool pool(100);
    ByteQueue greedy(pool, 200 * kChunk), next(pool, 200 * kChunk);
    const std::uint32_t first = take_all(greedy, use), second = take_all(next, use);
    EXPECT_LE(first, use == Use::ahead ? 38u : 80u);
    EXPECT_GE(second, first / 6);
    EXPECT_GT(pool.free_count(), 0u);
  }
}

TEST(ChunkPool, RefusesAStandbyNothing) {
  ChunkPool pool(10);
  ByteQueue copy(pool, 20 * kChunk);
  EXPECT_EQ(take_all(copy, Use::copy), 10u);
}

}  // namespace
}  // namespace poise::tcp
