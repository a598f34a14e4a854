// The flow table's index: from a hash to a slot, by one cache line in all but a few per cent of
// searches.
#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <vector>

#include "model/check.h"

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace poise {

// A line is 64 bytes:
//
//   | cell 0 | cell 1 | ... | cell 14 | passed |       cell:  | tag of the hash, never 0 | slot |
//   0: empty
//
// The hash's high half chooses the home line, its low bits are the tag. A flow goes to the first
// line at or behind its home with an empty cell (the lines form a ring), and every full line it
// passes counts it in `passed`: a search ends at the first line with passed == 0. With 7 bytes of
// index a flow, a line is home to 9.1 flows at full capacity, and fewer than 3 % of lines are
// passed. Nothing ever moves, so erasing touches no other flow.
class FlowIndex {
 public:
  static constexpr std::uint32_t kNone = 0xffffffffu;

  explicit FlowIndex(std::uint32_t capacity)
      : slot_bits_(static_cast<int>(std::bit_width(capacity - 1))),
        lines_((std::size_t{capacity} * kBytesPerFlow + sizeof(Line) - 1) / sizeof(Line)) {}

  [[gnu::always_inline]] void prefetch(std::uint64_t hash) const noexcept {
    __builtin_prefetch(&lines_[home(hash)]);
  }

  // The first slot of this hash's tag in its home line, or kNone: a guess at what find() will
  // visit.
  std::uint32_t guess(std::uint64_t hash) const noexcept {
    const Line& line = lines_[home(hash)];
    const std::uint32_t matches = match(line, tag_of(hash));
    return matches == 0 ? kNone : slot_of(line.cells[first(matches)]);
  }

  // The slot of this hash for which is_it(slot), or kNone. Tags make is_it() run for few slots but
  // the right one.
  template <class IsIt>
  std::uint32_t find(std::uint64_t hash, IsIt&& is_it) const noexcept {
    const std::uint32_t tag = tag_of(hash);
    std::size_t at = home(hash);
    for (std::size_t left = lines_.size(); left != 0; --left, at = next(at)) {
      const Line& line = lines_[at];
      for (std::uint32_t matches = match(line, tag); matches != 0; matches &= matches - 1)
        if (const std::uint32_t slot = slot_of(line.cells[first(matches)]); is_it(slot))
          return slot;
      if (line.passed == 0) return kNone;
    }
    return kNone;
  }

  // REQUIRES: fewer slots than the capacity are in the index, and this one is not.
  void insert(std::uint64_t hash, std::uint32_t slot) noexcept {
    for (std::size_t at = home(hash);; at = next(at)) {
      Line& line = lines_[at];
      const std::uint32_t empty = match_cell(line, 0);
      if (empty != 0) {
        line.cells[first(empty)] = tag_of(hash) << slot_bits_ | slot;
        return;
      }
      ++line.passed;
    }
  }

  // REQUIRES: the slot is in the index under this hash.
  void erase(std::uint64_t hash, std::uint32_t slot) noexcept {
    const std::uint32_t cell = tag_of(hash) << slot_bits_ | slot;
    for (std::size_t at = home(hash);; at = next(at)) {
      Line& line = lines_[at];
      const std::uint32_t found = match_cell(line, cell);
      if (found != 0) {
        line.cells[first(found)] = 0;
        return;
      }
      POISE_CHECK(line.passed != 0);
      --line.passed;
    }
  }

  std::size_t memory_bytes() const { return lines_.size() * sizeof(Line); }

 private:
  static constexpr std::size_t kBytesPerFlow = 7;
  static constexpr std::size_t kCells = 15;
  struct alignas(64) Line {
    std::array<std::uint32_t, kCells> cells{};
    std::uint32_t passed = 0;
  };
  static_assert(sizeof(Line) == 64);

  std::size_t home(std::uint64_t hash) const {
    return static_cast<std::size_t>((hash >> 32) * lines_.size() >> 32);
  }
  std::size_t next(std::size_t at) const { return at + 1 == lines_.size() ? 0 : at + 1; }
  std::uint32_t tag_of(std::uint64_t hash) const {
    const std::uint32_t tag = static_cast<std::uint32_t>(hash) & (0xffffffffu >> slot_bits_);
    return tag + (tag == 0 ? 1 : 0);
  }
  std::uint32_t slot_of(std::uint32_t cell) const { return cell & ((1u << slot_bits_) - 1); }
  static std::size_t first(std::uint32_t mask) {
    return static_cast<std::size_t>(std::countr_zero(mask));
  }

  // Bit i is set when cell i has this tag.
  std::uint32_t match(const Line& line, std::uint32_t tag) const noexcept;
  // Bit i is set when cell i has exactly this value.
  static std::uint32_t match_cell(const Line& line, std::uint32_t cell) noexcept;

  int slot_bits_;
  std::vector<Line> lines_;
};

#if defined(__SSE2__)

inline std::uint32_t mask_of_equal(const __m128i (&words)[4], __m128i wanted) noexcept {
  const __m128i low =
      _mm_packs_epi32(_mm_cmpeq_epi32(words[0], wanted), _mm_cmpeq_epi32(words[1], wanted));
  const __m128i high =
      _mm_packs_epi32(_mm_cmpeq_epi32(words[2], wanted), _mm_cmpeq_epi32(words[3], wanted));
  // The sixteenth word is not a cell.
  return static_cast<std::uint32_t>(_mm_movemask_epi8(_mm_packs_epi16(low, high))) & 0x7fffu;
}

inline std::uint32_t FlowIndex::match_cell(const Line& line, std::uint32_t cell) noexcept {
  const auto* at = reinterpret_cast<const __m128i*>(&line);
  const __m128i words[4] = {_mm_load_si128(at), _mm_load_si128(at + 1), _mm_load_si128(at + 2),
                            _mm_load_si128(at + 3)};
  return mask_of_equal(words, _mm_set1_epi32(static_cast<int>(cell)));
}

inline std::uint32_t FlowIndex::match(const Line& line, std::uint32_t tag) const noexcept {
  const auto* at = reinterpret_cast<const __m128i*>(&line);
  const __m128i shift = _mm_cvtsi32_si128(slot_bits_);
  const __m128i words[4] = {
      _mm_srl_epi32(_mm_load_si128(at), shift), _mm_srl_epi32(_mm_load_si128(at + 1), shift),
      _mm_srl_epi32(_mm_load_si128(at + 2), shift), _mm_srl_epi32(_mm_load_si128(at + 3), shift)};
  return mask_of_equal(words, _mm_set1_epi32(static_cast<int>(tag)));
}

#else

inline std::uint32_t FlowIndex::match_cell(const Line& line, std::uint32_t cell) noexcept {
  std::uint32_t matches = 0;
  for (std::size_t i = 0; i < kCells; ++i)
    matches |= static_cast<std::uint32_t>(line.cells[i] == cell) << i;
  return matches;
}

inline std::uint32_t FlowIndex::match(const Line& line, std::uint32_t tag) const noexcept {
  std::uint32_t matches = 0;
  for (std::size_t i = 0; i < kCells; ++i)
    matches |= static_cast<std::uint32_t>(line.cells[i] >> slot_bits_ == tag) << i;
  return matches;
}

#endif

}  // namespace poise
