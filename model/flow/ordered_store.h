// Stores that are made whole and in the order of the program, for memory that may outlive its
// writer at any instant.
#pragma once

#include <bit>
#include <cstdint>
#include <type_traits>

namespace poise {

// One store instruction. REQUIRES: `place` is aligned to its size.
template <class Word>
inline void store_whole(Word& place, Word value) noexcept {
  static_assert(sizeof(Word) == 4 || sizeof(Word) == 8);
  using Bits = std::conditional_t<sizeof(Word) == 4, std::uint32_t, std::uint64_t>;
  using Place [[gnu::may_alias]] = Bits;
  __atomic_store_n(reinterpret_cast<Place*>(&place), std::bit_cast<Bits>(value), __ATOMIC_RELAXED);
}

// No store before it is made after it. Costs no instruction: the reader comes when the writer's
// thread is gone, so only the compiler can disturb the order.
inline void keep_order() noexcept {
  __atomic_signal_fence(__ATOMIC_ACQ_REL);
}

}  // namespace poise
