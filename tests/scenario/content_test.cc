// Laws of what a plan's clients and servers say: every byte tells its place.
#include "model/scenario/content.h"

#include <gtest/gtest.h>

#include <vector>

namespace poise::scenario {
namespace {

using From = Content::From;

std::vector<std::uint8_t> said(const Content& content, std::uint64_t offset, std::size_t size) {
  std::vector<std::uint8_t> bytes(size);
  content.write(offset, bytes);
  return bytes;
}

TEST(Content, IsTheSameHoweverItIsCut) {
  const Content content(From::client, 4000);
  const std::vector<std::uint8_t> whole = said(content, 0, 100);
  for (std::size_t at = 0; at <= whole.size(); ++at) {
    std::vector<std::uint8_t> joined = said(content, 0, at);
    const std::vector<std::uint8_t> rest = said(content, at, whole.size() - at);
    joined.insert(joined.end(), rest.begin(), rest.end());
    EXPECT_EQ(joined, whole) << "cut at " << at;
  }
}

TEST(Content, ShowsWhatIsLostDoubledOrAltered) {
  const Content content(From::server, 4000);
  const std::vector<std::uint8_t> right = said(content, 1000, 20'000);
  EXPECT_EQ(content.difference(1000, right), std::nullopt);
  EXPECT_EQ(content.difference(999, right), 999u) << "one is missing before it";
  std::vector<std::uint8_t> altered = right;
  altered[12'345] ^= 1;
  EXPECT_EQ(content.difference(1000, altered), 13'345u);
  std::vector<std::uint8_t> doubled = right;
  doubled.insert(doubled.begin() + 8000, right.begin() + 4000, right.begin() + 8000);
  EXPECT_EQ(content.difference(1000, doubled), 9000u);
}

TEST(Content, IsNobodyElses) {
  const std::vector<std::uint8_t> mine = said(Content(From::client, 4000), 0, 64);
  EXPECT_EQ(Content(From::client, 4001).difference(0, mine), 0u);
  EXPECT_EQ(Content(From::server, 4000).difference(0, mine), 0u);
}

}  // namespace
}  // namespace poise::scenario
