// Laws of results: bytes come back, nonsense does not, every cell counts in the fingerprint.
#include "model/scenario/result.h"

#include <gtest/gtest.h>

#include <set>

#include "model/random.h"
#include "model/scenario/result_bytes.h"
#include "model/scenario/result_columns.h"
#include "model/scenario/words.h"

namespace poise::scenario {
namespace {

// Changes one cell to another value of its type.
struct Vary {
  std::uint64_t by;
  void operator()(std::string_view, std::string& cell) const {
    cell += "x,\"\n" + std::to_string(by);
  }
  void operator()(std::string_view, double& cell) const {
    cell += 0.1 * static_cast<double>(by + 1);
  }
  template <std::integral T>
  void operator()(std::string_view, T& cell) const {
    cell = static_cast<T>(cell + static_cast<T>(by % 100 + 1));
  }
  template <Worded E>
  void operator()(std::string_view, E& cell) const {
    cell = static_cast<E>((static_cast<std::size_t>(cell) + 1) % words(cell).size());
  }
};

RunResult some_result(std::uint64_t seed) {
  Rng rng(seed);
  RunResult result;
  each_table(result, [&](std::string_view, auto& rows) {
    rows.resize(1 + rng.below(4));
    for (auto& row : rows)
      each_column(row,
                  [&](std::string_view name, auto& cell) { Vary{rng.below(1000)}(name, cell); });
  });
  result.events = 12345;
  result.wall_ns = 6789;
  result.files = {{"balancer1.pcap", "out/balancer1.pcap"}};
  return result;
}

TEST(Result, ComesBackFromItsBytes) {
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    const RunResult result = some_result(seed);
    const auto bytes = serialize(result);
    const auto again = deserialize(bytes);
    ASSERT_TRUE(again);
    EXPECT_EQ(serialize(*again), bytes);
    EXPECT_EQ(again->fingerprint(), result.fingerprint());
    EXPECT_EQ(again->files, result.files);
    EXPECT_EQ(again->wall_ns, result.wall_ns);
  }
}

TEST(Result, NoPrefixOrExtensionOfBytesIsAResult) {
  auto bytes = serialize(some_result(3));
  for (std::size_t size = 0; size < bytes.size(); ++size)
    EXPECT_FALSE(deserialize(std::span(bytes).first(size))) << size;
  bytes.push_back(0);
  EXPECT_FALSE(deserialize(bytes));
}

TEST(Result, AnyByteMayBeWrongWithoutHarm) {
  const auto bytes = serialize(some_result(4));
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    auto wrong = bytes;
    for (const int value : {0x00, 0xff, 0x80}) {
      wrong[i] = static_cast<std::uint8_t>(value);
      const auto result = deserialize(wrong);
      if (result) {
        EXPECT_EQ(serialize(*result), wrong);
      }
    }
  }
}

TEST(Fingerprint, Is32DigitsAndRepeats) {
  const RunResult result = some_result(5);
  const std::string fingerprint = result.fingerprint();
  EXPECT_EQ(fingerprint.size(), 32u);
  EXPECT_EQ(fingerprint.find_first_not_of("0123456789abcdef"), std::string::npos);
  EXPECT_EQ(fingerprint, some_result(5).fingerprint());
  EXPECT_NE(fingerprint.substr(0, 16), fingerprint.substr(16));
}

TEST(Fingerprint, EveryCellCounts) {
  const RunResult result = some_result(6);
  std::set<std::string> seen{result.fingerprint()};
  std::size_t cells = 0;
  for (std::size_t table = 0; table < 7; ++table)
    for (std::size_t column = 0; column < 20; ++column) {
      RunResult changed = result;
      std::size_t t = 0;
      bool done = false;
      each_table(changed, [&](std::string_view, auto& rows) {
        if (t++ != table) return;
        std::size_t c = 0;
        each_column(rows.back(), [&](std::string_view name, auto& cell) {
          if (c++ != column) return;
          Vary{1}(name, cell);
          done = true;
        });
      });
      if (!done) continue;
      ++cells;
      EXPECT_TRUE(seen.insert(changed.fingerprint()).second) << table << " " << column;
    }
  EXPECT_EQ(cells, 15u + 7 + 12 + 5 + 4 + 3 + 3);
}

TEST(Fingerprint, WallTimeAndFilesDoNotCount) {
  RunResult a = some_result(7), b = a;
  b.wall_ns = 1;
  b.files.clear();
  EXPECT_EQ(a.fingerprint(), b.fingerprint());
  b.events = 1;
  EXPECT_NE(a.fingerprint(), b.fingerprint());
}

TEST(Csv, HasAHeaderAndQuotesWhatNeedsIt) {
  RunResult result;
  result.notices.push_back({5, "balancer1", "down", "web,1", "he said \"no\""});
  EXPECT_EQ(
      to_csv(result, "notices"),
      "at_ns,machine,kind,subject,detail\n5,balancer1,down,\"web,1\",\"he said \"\"no\"\"\"\n");
  result.flows.push_back({});
  EXPECT_NE(to_csv(result, "flows").find("\n0,,0,,,0,-1,0,0,ok,none,-1,0,0,0\n"),
            std::string::npos);
}

TEST(Words, ComeBack) {
  for (const std::string_view word : words(FaultKind{}))
    EXPECT_EQ(to_string(*from_word<FaultKind>(word)), word);
  EXPECT_EQ(to_string(Shape::explicit_), "explicit");
  EXPECT_EQ(to_string(FaultKind::link_down), "link_down");
  EXPECT_EQ(to_string(Cause::backend_died), "backend_died");
  EXPECT_EQ(to_string(Outcome::stalled), "stalled");
  EXPECT_FALSE(from_word<Outcome>("fine"));
}

}  // namespace
}  // namespace poise::scenario
