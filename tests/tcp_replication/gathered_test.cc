// Pieces stand in their order, long ones where they lie, and make one row of bytes.
#include "model/tcp/replication/gathered.h"

#include <gtest/gtest.h>

#include "model/random.h"
#include "tests/tcp_replication/samples.h"

namespace poise::tcp {
namespace {

using Bytes = std::vector<std::uint8_t>;

std::string joined(const Gathered& gathered) {
  std::string out;
  gathered.append_to(out);
  return out;
}

TEST(Gathered, IsTheRowOfWhatWasAppendedAndLent) {
  Rng rng(1);
  Gathered gathered;
  for (int i = 0; i < 300; ++i) {
    gathered.clear();
    std::vector<Bytes> given(rng.below(30));
    std::string expected;
    for (Bytes& bytes : given) {
      bytes.assign(rng.below(3 * Gathered::kLentMin), static_cast<std::uint8_t>(rng.below(256)));
      rng.below(2) ? gathered.append(bytes) : gathered.lend(bytes);
      expected.append(bytes.begin(), bytes.end());
    }
    ASSERT_EQ(joined(gathered), expected);
    ASSERT_EQ(gathered.size(), expected.size());
  }
}

TEST(Gathered, LeavesLongPiecesWhereTheyLie) {
  const Bytes length(Gathered::kLentMin, 1), brevity(Gathered::kLentMin - 1, 2);
  Gathered gathered;
  gathered.append(brevity);
  gathered.lend(brevity);
  EXPECT_FALSE(gathered.has_lent());
  gathered.lend(length);
  EXPECT_TRUE(gathered.has_lent());
  std::vector<std::span<const std::uint8_t>> pieces;
  gathered.for_each_piece([&](std::span<const std::uint8_t> piece) { pieces.push_back(piece); });
  ASSERT_EQ(pieces.size(), 2u);
  EXPECT_EQ(pieces[0].size(), 2 * brevity.size());
  EXPECT_EQ(pieces[1].data(), length.data());
}

TEST(Gathered, FillsWhatWasLeftFreeBeforePiecesThatAreLent) {
  const Bytes lent(1000, 'x');
  Gathered gathered;
  gathered.lend(lent);
  const std::size_t place = gathered.leave_free(7);
  gathered.append(Bytes{'b'});
  gathered.lend(lent);
  gathered.fill(place, 7, Bytes{'a', 'a'});
  const std::string piece(1000, 'x');
  EXPECT_EQ(joined(gathered), piece + "aab" + piece);
}

}  // namespace
}  // namespace poise::tcp
