// Disjoint ranges of positions, in order, bounded in number: what came out of order, what was
// SACKed.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "model/hash.h"
#include "model/tcp/segment/sequence.h"

namespace poise::tcp {

class RangeSet {
 public:
  explicit RangeSet(std::size_t count_max = 64);

  // Adds a range, joining what touches; an empty one is there already. False, and nothing changes,
  // when that would be more than `count_max` ranges.
  bool add(Range range);
  void remove_before(Position position);
  void clear() { ranges_.clear(); }
  bool contains(Range range) const;
  // The end of the range that contains `position`, or `position`.
  Position end_of(Position position) const;
  // The range that contains `position`, or an empty one.
  Range at(Position position) const;
  std::span<const Range> ranges() const { return ranges_; }
  bool empty() const { return ranges_.empty(); }
  void add_to(Digest& digest) const;

 private:
  std::vector<Range> ranges_;  // never more than it has room for
  std::size_t count_max_;
};

}  // namespace poise::tcp
