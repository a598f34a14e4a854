// Jump consistent hash as a function.
#pragma once

#include <cstdint>

namespace poise::policy {

// Lamping, Veach: "A Fast, Minimal Memory, Consistent Hash Algorithm", arXiv:1406.2294, 2014. The
// bucket of `key` among `count`, in O(log count) steps. REQUIRES: 0 < count < 2^53.
std::uint64_t jump_hash(std::uint64_t key, std::uint64_t count);

}  // namespace poise::policy
