// Maglev's table: backends take turns, each claiming the next free slot of its own permutation.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace poise::policy {

// Slots offset, offset + skip, offset + 2 skip, ... modulo the table's size, which is prime, so
// that every slot comes once. REQUIRES: offset < size, 1 <= skip < size (skip = 1 for size 2).
struct Permutation {
  std::uint32_t offset = 0;
  std::uint32_t skip = 1;
};

// How weights become turns: the round in which a backend of weight w takes its k-th turn, with W
// the largest weight. In a round, backends take their turns in order.
enum class TurnRule : std::uint8_t {
  each_round,   // k: weights do not count (the paper's Pseudocode 1, Caplance, go-maglev)
  first_round,  // 1 while k <= w, then one a round (Katran's V1: only the first round sees weights)
  accumulate,   // ceil(k W / w) (Katran's V2: weights add up to W, then a turn is due)
  at_least_one,  // ceil((k - 1) W / w), but after the turn before (Envoy: everyone has a first
                 // turn)
};

inline constexpr std::uint32_t kTableSizeMax = 16777213;  // the largest prime below 2^24

// table[slot] is the position in `permutations` of the backend that owns the slot; empty when there
// is none. REQUIRES: size is prime and <= kTableSizeMax; at most 65,535 permutations; weights are >
// 0 and as many. Backends beyond the table's size get nothing. O(size log size) steps for equal
// weights, and log(backends) for each slot more for others.
std::vector<std::uint16_t> fill_table(std::span<const Permutation> permutations,
                                      std::span<const std::uint32_t> weights, TurnRule rule,
                                      std::uint32_t size);

bool is_prime(std::uint32_t n);

}  // namespace poise::policy
