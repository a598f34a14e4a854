// A set of ranges does what a set of positions does.
#include "model/tcp/buffer/range_set.h"

#include <gtest/gtest.h>

#include <set>

#include "model/random.h"

namespace poise::tcp {
namespace {

// Every position by itself.
class Positions {
 public:
  void add(Range range) {
    for (Position at = range.begin; at < range.end; ++at) positions_.insert(at);
  }
  void remove_before(Position position) {
    positions_.erase(positions_.begin(), positions_.lower_bound(position));
  }
  bool has(Position at) const { return positions_.count(at) != 0; }
  bool contains(Range range) const {
    for (Position at = range.begin; at < range.end; ++at)
      if (!has(at)) return false;
    return true;
  }
  Range at(Position position) const {
    Range range{position, position};
    while (has(range.begin - 1) && has(position)) --range.begin;
    while (has(range.end)) ++range.end;
    return range;
  }
  std::vector<Range> ranges() const {
    std::vector<Range> ranges;
    for (const Position at : positions_)
      if (ranges.empty() || ranges.back().end != at)
        ranges.push_back({at, at + 1});
      else
        ++ranges.back().end;
    return ranges;
  }

 private:
  std::set<Position> positions_;
};

TEST(RangeSet, DoesWhatASetOfPositionsDoes) {
  constexpr std::size_t kCountMax = 6;
  for (std::uint64_t seed = 0; seed < 3000; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Rng rng(seed);
    RangeSet set(kCountMax);
    Positions model;
    const std::uint64_t width = 20 + rng.below(60);
    for (int step = 0; step < 60; ++step) {
      const Position begin = static_cast<Position>(rng.below(width)) - 10;
      const Range range{begin, begin + static_cast<Position>(rng.below(8))};
      if (rng.below(12) == 0) {
        set.remove_before(begin);
        model.remove_before(begin);
      } else {
        Positions more = model;
        more.add(range);
        const bool fits = more.ranges().size() <= kCountMax;
        ASSERT_EQ(set.add(range), fits);
        if (fits) model = more;
      }
      const std::vector<Range> ranges = model.ranges();
      ASSERT_TRUE(
          std::equal(set.ranges().begin(), set.ranges().end(), ranges.begin(), ranges.end()));
      ASSERT_EQ(set.empty(), ranges.empty());
      const Position at = static_cast<Position>(rng.below(width)) - 10;
      const Range asked{at, at + static_cast<Position>(rng.below(6))};
      ASSERT_EQ(set.contains(asked), model.contains(asked));
      ASSERT_EQ(set.at(at), model.at(at));
      ASSERT_EQ(set.end_of(at), model.at(at).end);
    }
  }
}

TEST(RangeSet, ThatIsFullStillTakesWhatJoins) {
  RangeSet set(2);
  EXPECT_TRUE(set.add({0, 10}));
  EXPECT_TRUE(set.add({20, 30}));
  EXPECT_FALSE(set.add({40, 50}));
  EXPECT_TRUE(set.add({30, 40}));
  EXPECT_TRUE(set.add({10, 20}));
  ASSERT_EQ(set.ranges().size(), 1u);
  EXPECT_EQ(set.ranges()[0], (Range{0, 40}));
}

TEST(RangeSet, DigestsByWhatItHolds) {
  RangeSet a(4), b(4);
  (void)a.add({0, 5});
  (void)a.add({5, 9});
  (void)b.add({0, 9});
  Digest first, second, third;
  a.add_to(first);
  b.add_to(second);
  EXPECT_EQ(first.value(), second.value());
  (void)b.add({10, 11});
  b.add_to(third);
  EXPECT_NE(first.value(), third.value());
}

}  // namespace
}  // namespace poise::tcp
