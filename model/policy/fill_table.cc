// Filling by addition and subtraction alone, on a bitmap of the taken slots that stays in the
// cache.
#include "model/policy/fill_table.h"

#include <algorithm>
#include <functional>

#include "model/check.h"

namespace poise::policy {
namespace {

// The permutations as cursors: where each backend looks next.
class Filling {
 public:
  Filling(std::span<const Permutation> permutations, std::uint32_t size)
      : size_(size), left_(size), taken_(size / 64 + 1), table_(size) {
    cursors_.reserve(permutations.size());
    for (const Permutation& p : permutations) {
      POISE_CHECK(p.offset < size && p.skip >= 1 && (p.skip < size || size == 2));
      cursors_.push_back({p.offset, p.skip % size});
    }
  }

  // Claims the next free slot for `position`. False when that was the last one.
  bool take_turn(std::size_t position) {
    Cursor& cursor = cursors_[position];
    std::uint32_t slot = cursor.next;
    while (taken_[slot / 64] >> (slot % 64) & 1) slot = step(slot, cursor.skip);
    taken_[slot / 64] |= std::uint64_t{1} << (slot % 64);
    table_[slot] = static_cast<std::uint16_t>(position);
    cursor.next = step(slot, cursor.skip);
    return --left_ > 0;
  }

  std::vector<std::uint16_t> table() && { return std::move(table_); }

 private:
  struct Cursor {
    std::uint32_t next, skip;
  };

  std::uint32_t step(std::uint32_t slot, std::uint32_t skip) const {
    const std::uint32_t sum = slot + skip;
    return sum >= size_ ? sum - size_ : sum;
  }

  std::uint32_t size_;
  std::uint32_t left_;
  std::vector<Cursor> cursors_;
  std::vector<std::uint64_t> taken_;  // a bit a slot
  std::vector<std::uint16_t> table_;
};

std::uint64_t divide_up(std::uint64_t a, std::uint64_t b) {
  return (a + b - 1) / b;
}

// The round of the k-th turn, k from 1; `before` is the round of the turn before it (0: none).
std::uint64_t round_of(TurnRule rule, std::uint64_t k, std::uint64_t weight,
                       std::uint64_t weight_max, std::uint64_t before) {
  switch (rule) {
    case TurnRule::each_round:
      return k;
    case TurnRule::first_round:
      return k <= weight ? 1 : k - weight + 1;
    case TurnRule::accumulate:
      return divide_up(k * weight_max, weight);
    case TurnRule::at_least_one:
      return std::max(before + 1, divide_up((k - 1) * weight_max, weight));
  }
  return k;
}

void fill_in_equal_turns(Filling& filling, std::size_t count) {
  for (;;)
    for (std::size_t i = 0; i < count; ++i)
      if (!filling.take_turn(i)) return;
}

// Who is next stands on top of a heap, so that a light backend costs nothing between its turns.
void fill_in_weighted_turns(Filling& filling, std::span<const std::uint32_t> weights,
                            TurnRule rule) {
  struct Due {
    std::uint64_t round;
    std::uint32_t position;
    std::uint32_t turn;
    bool operator>(const Due& other) const {
      return round != other.round ? round > other.round : position > other.position;
    }
  };
  const std::uint64_t weight_max = *std::max_element(weights.begin(), weights.end());
  std::vector<Due> due;
  for (std::uint32_t i = 0; i < weights.size(); ++i)
    due.push_back({round_of(rule, 1, weights[i], weight_max, 0), i, 1});
  std::make_heap(due.begin(), due.end(), std::greater<>{});
  while (filling.take_turn(due.front().position)) {
    std::pop_heap(due.begin(), due.end(), std::greater<>{});
    Due& next = due.back();
    ++next.turn;
    next.round = round_of(rule, next.turn, weights[next.position], weight_max, next.round);
    std::push_heap(due.begin(), due.end(), std::greater<>{});
  }
}

}  // namespace

std::vector<std::uint16_t> fill_table(std::span<const Permutation> permutations,
                                      std::span<const std::uint32_t> weights, TurnRule rule,
                                      std::uint32_t size) {
  POISE_CHECK(is_prime(size) && size <= kTableSizeMax);
  POISE_CHECK(permutations.size() == weights.size() && permutations.size() <= 65535);
  if (permutations.empty()) return {};
  Filling filling(permutations, size);
  const bool equal = std::all_of(weights.begin(), weights.end(),
                                 [&](std::uint32_t w) { return w == weights.front(); });
  const bool plain = rule == TurnRule::each_round ||
                     (equal && (rule != TurnRule::first_round || weights.front() == 1));
  if (plain) {
    fill_in_equal_turns(filling, permutations.size());
  } else {
    POISE_CHECK(std::find(weights.begin(), weights.end(), 0u) == weights.end());
    fill_in_weighted_turns(filling, weights, rule);
  }
  return std::move(filling).table();
}

bool is_prime(std::uint32_t n) {
  if (n < 2) return false;
  for (std::uint64_t d = 2; d * d <= n; ++d)
    if (n % d == 0) return false;
  return true;
}

}  // namespace poise::policy
