// A ring of chunk numbers over a pool of chunks.
#include "model/tcp/buffer/byte_queue.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <utility>

#include "model/check.h"

namespace poise::tcp {
namespace {

constexpr std::uint64_t kChunkSize = ChunkPool::kChunkSize;

// At least as many as a window of that capacity can touch, wherever it begins; a power of two.
std::size_t slots_for(std::uint64_t capacity) {
  return static_cast<std::size_t>(std::bit_ceil((capacity + kChunkSize - 1) / kChunkSize + 1));
}

}  // namespace

ChunkPool::ChunkPool(std::uint32_t chunk_count)
    : chunk_count_(chunk_count),
      memory_(
          std::make_unique_for_overwrite<std::uint8_t[]>(std::size_t{chunk_count} * kChunkSize)),
      free_(chunk_count),
      held_in_(chunk_count) {
  for (std::uint32_t i = 0; i < chunk_count; ++i) free_[i] = chunk_count - 1 - i;
  given_.reserve(chunk_count);
}

std::optional<std::uint32_t> ChunkPool::take(Use use, std::uint32_t had) noexcept {
  const std::uint32_t kept = use == Use::ahead      ? chunk_count_ / 4
                             : use == Use::received ? chunk_count_ / 8
                                                    : 0;
  if (free_count() <= kept) return std::nullopt;
  const std::uint64_t share = std::uint64_t{free_count() - kept} * (use == Use::ahead ? 1 : 4);
  if (use != Use::copy && had >= share) return std::nullopt;
  const std::uint32_t chunk = free_.back();
  free_.pop_back();
  return chunk;
}

void ChunkPool::give(std::uint32_t chunk) noexcept {
  POISE_CHECK(chunk < chunk_count_ && free_.size() + given_.size() < chunk_count_);
  (held_in_[chunk] == round_ ? given_ : free_).push_back(chunk);
}

void ChunkPool::hold(std::span<const std::uint8_t> bytes) noexcept {
  if (bytes.empty()) return;
  const auto at = static_cast<std::size_t>(bytes.data() - memory_.get());
  POISE_CHECK(at / kChunkSize < chunk_count_);
  held_in_[at / kChunkSize] = round_;
}

void ChunkPool::release() noexcept {
  ++round_;
  free_.insert(free_.end(), given_.begin(), given_.end());
  given_.clear();
}

std::span<std::uint8_t> ChunkPool::bytes(std::uint32_t chunk) noexcept {
  POISE_CHECK(chunk < chunk_count_);
  return {memory_.get() + chunk * kChunkSize, kChunkSize};
}

ByteQueue::ByteQueue(ChunkPool& pool, std::uint64_t capacity)
    : pool_(&pool), slots_(slots_for(capacity), kNone), capacity_(capacity) {}

ByteQueue::~ByteQueue() {
  if (!slots_.empty()) reset(begin_);
}

ByteQueue::ByteQueue(ByteQueue&& other) noexcept
    : pool_(other.pool_),
      slots_(std::exchange(other.slots_, {})),
      begin_(other.begin_),
      end_(other.end_),
      capacity_(other.capacity_),
      chunk_count_(std::exchange(other.chunk_count_, 0)) {}

ByteQueue& ByteQueue::operator=(ByteQueue&& other) noexcept {
  std::swap(pool_, other.pool_);
  std::swap(slots_, other.slots_);
  std::swap(begin_, other.begin_);
  std::swap(end_, other.end_);
  std::swap(capacity_, other.capacity_);
  std::swap(chunk_count_, other.chunk_count_);
  return *this;
}

// Empty when the pool gives none.
std::span<std::uint8_t> ByteQueue::taken(std::uint64_t number, Use use) noexcept {
  std::uint32_t& chunk = slot(number);
  if (chunk == kNone) {
    const std::optional<std::uint32_t> fresh = pool_->take(use, chunk_count_);
    if (!fresh) return {};
    chunk = *fresh;
    ++chunk_count_;
  }
  return pool_->bytes(chunk);
}

std::size_t ByteQueue::store(std::uint64_t offset, std::span<const std::uint8_t> bytes,
                             Use use) noexcept {
  std::size_t stored =
      offset < begin_
          ? static_cast<std::size_t>(std::min<std::uint64_t>(begin_ - offset, bytes.size()))
          : 0;
  while (stored < bytes.size()) {
    const std::uint64_t at = offset + stored;
    if (at - begin_ >= capacity_) break;
    const std::uint64_t in_chunk = at % kChunkSize;
    const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(
        {bytes.size() - stored, kChunkSize - in_chunk, capacity_ - (at - begin_)}));
    const std::span<std::uint8_t> chunk = taken(at / kChunkSize, use);
    if (chunk.empty()) break;
    std::memcpy(chunk.data() + in_chunk, bytes.data() + stored, size);
    stored += size;
    end_ = std::max(end_, at + size);
  }
  return stored;
}

std::span<const std::uint8_t> ByteQueue::view(std::uint64_t offset,
                                              std::size_t size) const noexcept {
  if (size == 0) return {};
  POISE_CHECK(offset >= begin_ && offset + size <= end_);
  const std::uint32_t chunk = slot(offset / kChunkSize);
  POISE_CHECK(chunk != kNone);
  const std::uint64_t in_chunk = offset % kChunkSize;
  return pool_->bytes(chunk).subspan(
      in_chunk, static_cast<std::size_t>(std::min<std::uint64_t>(size, kChunkSize - in_chunk)));
}

void ByteQueue::load(std::uint64_t offset, std::span<std::uint8_t> into) const noexcept {
  while (!into.empty()) {
    const std::span<const std::uint8_t> piece = view(offset, into.size());
    std::memcpy(into.data(), piece.data(), piece.size());
    into = into.subspan(piece.size());
    offset += piece.size();
  }
}

void ByteQueue::give_chunks(std::uint64_t first, std::uint64_t last) noexcept {
  for (std::uint64_t i = first; i < last; ++i)
    if (const std::uint32_t chunk = std::exchange(slot(i), kNone); chunk != kNone) {
      pool_->give(chunk);
      --chunk_count_;
    }
}

void ByteQueue::drop_before(std::uint64_t offset) noexcept {
  if (offset <= begin_) return;
  if (offset >= end_) return reset(offset);
  give_chunks(begin_ / kChunkSize, offset / kChunkSize);
  begin_ = offset;
}

void ByteQueue::reset(std::uint64_t begin) noexcept {
  give_chunks(begin_ / kChunkSize, (end_ + kChunkSize - 1) / kChunkSize);
  begin_ = end_ = begin;
}

void ByteQueue::add_to(Digest& digest) const {
  digest.add(begin_).add(end_).add(capacity_);
  for (std::uint64_t i = begin_ / kChunkSize; i * kChunkSize < end_; ++i)
    digest.add(slot(i) != kNone);
}

}  // namespace poise::tcp
