// Ranges in a sorted vector: few at most times, and found by halving.
#include "model/tcp/buffer/range_set.h"

#include <algorithm>

#include "model/check.h"

namespace poise::tcp {
namespace {

// The first range that ends at `position` or behind it.
template <class Ranges>
auto first_reaching(Ranges& ranges, Position position) {
  return std::lower_bound(ranges.begin(), ranges.end(), position,
                          [](const Range& range, Position at) { return range.end < at; });
}

// The first range that ends behind `position`.
template <class Ranges>
auto first_behind(Ranges& ranges, Position position) {
  return std::upper_bound(ranges.begin(), ranges.end(), position,
                          [](Position at, const Range& range) { return at < range.end; });
}

}  // namespace

RangeSet::RangeSet(std::size_t count_max) : count_max_(count_max) {
  POISE_CHECK(count_max > 0);
  ranges_.reserve(count_max);
}

bool RangeSet::add(Range range) {
  if (range.empty()) return true;
  const auto first = first_reaching(ranges_, range.begin);
  auto last = first;
  while (last != ranges_.end() && last->begin <= range.end) ++last;
  if (first == last) {
    if (ranges_.size() == count_max_) return false;
    ranges_.insert(first, range);
    return true;
  }
  first->begin = std::min(first->begin, range.begin);
  first->end = std::max((last - 1)->end, range.end);
  ranges_.erase(first + 1, last);
  return true;
}

void RangeSet::remove_before(Position position) {
  const auto first = first_behind(ranges_, position);
  if (first != ranges_.end()) first->begin = std::max(first->begin, position);
  ranges_.erase(ranges_.begin(), first);
}

bool RangeSet::contains(Range range) const {
  if (range.empty()) return true;
  const auto found = first_behind(ranges_, range.begin);
  return found != ranges_.end() && found->begin <= range.begin && range.end <= found->end;
}

Position RangeSet::end_of(Position position) const {
  const Range range = at(position);
  return range.empty() ? position : range.end;
}

Range RangeSet::at(Position position) const {
  const auto found = first_behind(ranges_, position);
  if (found == ranges_.end() || found->begin > position) return {position, position};
  return *found;
}

void RangeSet::add_to(Digest& digest) const {
  digest.add(ranges_.size());
  for (const Range& range : ranges_) digest.add(range.begin).add(range.end);
}

}  // namespace poise::tcp
