// Stores that are made whole and in the order of the program, for memory that may outlive its
// writer at any instant.
#pragma once

namespace poise {

// One store instruction.
template <class Word>
inline void store_whole(Word& place, Word value) noexcept {
  static_assert(sizeof(Word) <= 8 && alignof(Word) == sizeof(Word));
  __atomic_store(&place, &value, __ATOMIC_RELAXED);
}

// No store before it is made after it. Costs no instruction: the reader comes when the writer's
// thread is gone, so only the compiler can disturb the order.
inline void keep_order() noexcept {
  __atomic_signal_fence(__ATOMIC_ACQ_REL);
}

}  // namespace poise
