// Goodput by loss, queue and algorithm: a table that a reviewer reads in a diff.
#include <gtest/gtest.h>

#include <cstdio>

#include "tests/golden.h"
#include "tests/tcp_sender/path.h"

namespace poise::tcp {
namespace {

constexpr double kLosses[] = {0, 0.0001, 0.001, 0.01, 0.05, 0.1, 0.2};
constexpr std::uint64_t kQueues[] = {16 << 10, 64 << 10, 256 << 10};

struct Row {
  const char* name;
  bool cubic, sack, rack;
};
constexpr Row kRows[] = {
    {"newreno          ", false, false, false}, {"newreno SACK     ", false, true, false},
    {"newreno RACK-TLP ", false, true, true},   {"cubic            ", true, false, false},
    {"cubic SACK       ", true, true, false},   {"cubic RACK-TLP   ", true, true, true}};

double goodput(const Row& row, std::uint64_t queue, double loss) {
  PathPlan plan;
  plan.sender.congestion = row.cubic ? CongestionControl::cubic : CongestionControl::newreno;
  plan.sack = row.sack;
  plan.sender.rack_tlp = row.rack;
  plan.queue = queue;
  plan.loss = loss;
  plan.bytes = loss < 0.01 ? 20'000'000 : 2'000'000;
  plan.delay = std::chrono::milliseconds{10};
  Path path(plan);
  path.run();
  EXPECT_TRUE(path.done()) << row.name << path.story();
  EXPECT_TRUE(path.broken().empty()) << path.broken().front();
  return path.goodput() * 8 / 1e6;
}

TEST(Table, GoodputByLossQueueAndAlgorithm) {
  std::string table =
      "Goodput in Mbit/s over a link of 100 Mbit/s, 20 ms there and back, by the queue before it "
      "and the chance of loss\n\n                          ";
  char cell[32];
  for (const double loss : kLosses) {
    std::snprintf(cell, sizeof cell, "%8.2f%%", loss * 100);
    table += cell;
  }
  table += "\n";
  for (const std::uint64_t queue : kQueues) {
    table += "\n";
    for (const Row& row : kRows) {
      std::snprintf(cell, sizeof cell, "%4d KiB ", static_cast<int>(queue >> 10));
      table += cell + std::string(row.name);
      for (const double loss : kLosses) {
        std::snprintf(cell, sizeof cell, "%9.2f", goodput(row, queue, loss));
        table += cell;
      }
      table += "\n";
    }
  }
  expect_golden("tcp_goodput.txt", table);
}

}  // namespace
}  // namespace poise::tcp
