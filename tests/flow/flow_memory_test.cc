// What is read of a flow table whose process is gone: at any instruction, and from any bytes.
#include "model/flow/flow_memory.h"

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstring>
#include <map>
#include <new>

#include "model/random.h"
#include "tests/flow/flow_table_pair.h"

namespace poise {
namespace {

using namespace std::chrono_literals;
using Flows = std::map<FlowKey, NaiveFlowTable::Flow>;
using Step = FlowTableStep;

// Memory that a child shares with us.
class SharedBytes {
 public:
  explicit SharedBytes(std::size_t size)
      : bytes_(static_cast<std::byte*>(
                   mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0)),
               size) {}
  ~SharedBytes() { munmap(bytes_.data(), bytes_.size()); }
  SharedBytes(const SharedBytes&) = delete;
  SharedBytes& operator=(const SharedBytes&) = delete;
  std::span<std::byte> bytes() const { return bytes_; }

 private:
  std::span<std::byte> bytes_;
};

FlowTable::Config small_table() {
  FlowTable::Config config;
  config.capacity = 5;
  config.backend_count_max = 3;
  config.timeouts = {.closing = 1us, .handshake = 4us, .datagram = 8us, .established = 40us};
  config.handshake_share = 0.5;
  return config;
}

Step draw_step(Rng& rng) {
  Step step;
  const std::uint64_t kind = rng.below(12);
  step.kind = kind < 6 ? Step::Kind::packet : static_cast<Step::Kind>(kind - 6);
  step.flow = static_cast<std::uint8_t>(rng.below(9));
  step.backend = static_cast<std::uint8_t>(rng.below(9));
  step.state = static_cast<std::uint8_t>(rng.below(4));
  step.amount = static_cast<std::uint16_t>(rng.below(80));
  return step;
}

// The instants of a history: what the naive twin knows after each of its steps.
struct History {
  std::vector<Step> steps;
  std::vector<Flows> flows;
  std::vector<Instant> now;
};

History draw_history(std::uint64_t seed, std::size_t length) {
  Rng rng(seed);
  History history;
  FlowTablePair pair(small_table());
  for (std::size_t i = 0; i <= length; ++i) {
    history.flows.push_back(pair.naive().remembered());
    history.now.push_back(pair.now());
    history.steps.push_back(draw_step(rng));
    EXPECT_EQ(pair.step(history.steps.back()), "");
  }
  return history;
}

bool same(const SurvivingFlow& found, const Flows& known) {
  const auto at = known.find(found.key);
  return at != known.end() && at->second.backend == found.backend &&
         at->second.state == found.state && at->second.used_ns == to_ns(found.last_use);
}

// Between step i and the next, every flow that is read was so before or is so after it, and every
// flow that the step does not concern is read. Returns what is wrong.
std::string judge(const History& history, std::size_t i, std::span<const std::byte> region) {
  const Flows& before = history.flows[i];
  const Flows& after = history.flows[i + 1];
  std::map<FlowKey, int> seen;
  std::string wrong;
  const Survival survival =
      visit_surviving(region, history.now[i + 1], [&](const SurvivingFlow& flow) {
        if (++seen[flow.key] > 1) wrong = "a flow is read twice";
        if (!same(flow, before) && !same(flow, after)) wrong = "a flow is read that never was so";
      });
  if (survival.outcome != Survival::Outcome::read) return "the region is not read";
  const FlowKey concerned = history.steps[i].key();
  for (const auto& [key, flow] : before)
    if (key != concerned && after.count(key) != 0 && seen.count(key) == 0)
      wrong = "a flow that was left alone is lost";
  return wrong;
}

// Runs a history in a child, one instruction at a time, and judges the memory after each.
class StruckAnywhere {
 public:
  explicit StruckAnywhere(const History& history)
      : history_(history),
        region_(FlowTable::memory_size(small_table())),
        step_(sizeof(std::atomic<std::size_t>)),
        current_(new (step_.bytes().data()) std::atomic<std::size_t>(0)) {}

  void run() {
    const pid_t child = fork();
    ASSERT_GE(child, 0);
    if (child == 0) live();
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFSTOPPED(status)) << "the child cannot be traced";
    std::vector<std::byte> last;
    for (instructions_ = 0; WIFSTOPPED(status); ++instructions_) {
      look(last);
      if (HasFailure()) kill(child, SIGKILL);
      ptrace(PTRACE_SINGLESTEP, child, nullptr, nullptr);
      ASSERT_EQ(waitpid(child, &status, 0), child);
    }
    if (!HasFailure()) {
      EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    }
  }
  std::size_t instructions() const { return instructions_; }
  std::size_t stores() const { return stores_; }

 private:
  static bool HasFailure() { return ::testing::Test::HasFailure(); }

  [[noreturn]] void live() {
    FlowTable table(small_table(), {region_.bytes(), 1});
    Instant now{};
    ptrace(PTRACE_TRACEME, 0, nullptr, nullptr);
    raise(SIGSTOP);
    for (std::size_t i = 0; i + 1 < history_.flows.size(); ++i) {
      if (history_.steps[i].kind == Step::Kind::wait) now += history_.steps[i].wait();
      take(table, history_.steps[i], now);
      current_->store(i + 1);
    }
    _exit(0);
  }
  // The same bytes need no second look, unless the step is another one.
  void look(std::vector<std::byte>& last) {
    const std::size_t i = current_->load();
    const std::span<const std::byte> now = region_.bytes();
    if (i + 1 >= history_.flows.size()) return;
    if (i == judged_ && last.size() == now.size() &&
        std::memcmp(last.data(), now.data(), now.size()) == 0)
      return;
    judged_ = i;
    last.assign(now.begin(), now.end());
    ++stores_;
    EXPECT_EQ(judge(history_, i, now), "") << "in step " << i << " of the history";
  }

  const History& history_;
  SharedBytes region_;
  SharedBytes step_;
  std::atomic<std::size_t>* current_;
  std::size_t judged_ = SIZE_MAX;
  std::size_t instructions_ = 0, stores_ = 0;
};

TEST(FlowMemory, NeverMisleadsAFlowAtWhateverInstructionItsWriterIsKilled) {
  for (std::uint64_t seed = 1; seed <= 2; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    const History history = draw_history(seed, 60);
    StruckAnywhere struck(history);
    struck.run();
    EXPECT_GT(struck.stores(), 120u);
    EXPECT_GT(struck.instructions(), 4000u);
    if (HasFailure()) return;
  }
}

struct Region {
  explicit Region(const FlowTable::Config& config)
      : memory(FlowTable::memory_size(config) + 64),
        bytes(std::span(memory).subspan(
            (64 - reinterpret_cast<std::uintptr_t>(memory.data()) % 64) % 64,
            FlowTable::memory_size(config))) {}
  std::vector<std::byte> memory;
  std::span<std::byte> bytes;
};

TEST(FlowMemory, KeepsExactlyWhatTheNaiveTableRemembersBetweenSteps) {
  for (std::uint64_t seed = 1; seed <= 2000; ++seed) {
    Rng rng(seed);
    Region region(small_table());
    FlowTablePair pair(small_table(), {region.bytes, seed});
    for (std::uint64_t i = rng.below(60); i-- > 0;) ASSERT_EQ(pair.step(draw_step(rng)), "");
    const Flows known = pair.naive().remembered();
    std::size_t count = 0;
    const Survival survival =
        visit_surviving(region.bytes, pair.now(), [&](const SurvivingFlow& flow) {
          ++count;
          EXPECT_TRUE(same(flow, known)) << "seed " << seed;
        });
    ASSERT_EQ(survival.outcome, Survival::Outcome::read);
    ASSERT_EQ(survival.life, seed);
    ASSERT_EQ(count, known.size()) << "seed " << seed;
    ASSERT_EQ(survival.flows, count);
  }
}

TEST(FlowMemory, IsTheTablesOwnWhenNoneIsLent) {
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    Rng first(seed), second(seed);
    Region region(small_table());
    FlowTablePair own(small_table()), lent(small_table(), {region.bytes, 1});
    for (int i = 0; i < 200; ++i) {
      static_cast<void>(own.step(draw_step(first)));
      static_cast<void>(lent.step(draw_step(second)));
      ASSERT_EQ(own.table().digest(), lent.table().digest()) << "seed " << seed;
    }
  }
}

TEST(FlowMemory, AnyBytesAreReadWithinTheirBounds) {
  Rng rng(7);
  Region region(small_table());
  FlowTablePair pair(small_table(), {region.bytes, 1});
  for (int i = 0; i < 40; ++i) static_cast<void>(pair.step(draw_step(rng)));
  std::uint64_t total = 0;
  for (int round = 0; round < 20000; ++round) {
    std::vector<std::byte> damaged(region.bytes.begin(), region.bytes.end());
    for (std::uint64_t i = rng.below(6); i-- > 0;) {
      // Half of the blows hit behind the header, which its check would otherwise always betray.
      const std::size_t from = rng.below(2) == 0 ? 0 : 64;
      damaged[from + rng.below(damaged.size() - from)] = static_cast<std::byte>(rng.next());
    }
    if (rng.below(4) == 0) damaged.resize(rng.below(damaged.size() + 1));
    std::uint64_t count = 0;
    const Survival survival = visit_surviving(damaged, pair.now(), [&](const SurvivingFlow& flow) {
      ++count;
      ASSERT_LT(flow.backend.index, small_table().backend_count_max);
      ASSERT_LE(to_ns(flow.last_use), to_ns(pair.now()) + (1 << kTickBits));
      ASSERT_EQ(flow.key.source.family(), flow.key.destination.family());
    });
    total += count;
    ASSERT_LE(count + survival.implausible + survival.forgotten, small_table().capacity);
    ASSERT_EQ(count, survival.flows);
  }
  EXPECT_GT(total, 10000u);
}

TEST(FlowMemory, SaysWhatARegionIsNot) {
  Region region(small_table());
  const auto outcome = [](std::span<const std::byte> bytes) {
    return visit_surviving(bytes, Instant{}, [](const SurvivingFlow&) {}).outcome;
  };
  EXPECT_EQ(outcome({}), Survival::Outcome::too_short);
  EXPECT_EQ(outcome(region.bytes), Survival::Outcome::no_region);
  FlowTable table(small_table(), {region.bytes, 1});
  EXPECT_EQ(outcome(region.bytes), Survival::Outcome::read);
  EXPECT_EQ(outcome(region.bytes.first(region.bytes.size() - 1)), Survival::Outcome::too_short);
  region.bytes[24] ^= std::byte{1};
  EXPECT_EQ(outcome(region.bytes), Survival::Outcome::no_region);
}

TEST(FlowMemory, PassesOverAFlowWhoseTimeHasNotCome) {
  Region region(small_table());
  FlowTable table(small_table(), {region.bytes, 1});
  const FlowKey key = FlowTableStep::key_number(1);
  ASSERT_TRUE(table.insert(key, table.hash(key), {0, 0}, FlowState::established, Instant{10us}));
  const auto read = [&](Instant now) {
    return visit_surviving(region.bytes, now, [](const SurvivingFlow&) {});
  };
  EXPECT_EQ(read(Instant{10us}).flows, 1u);
  EXPECT_EQ(read(Instant{9us}).flows, 0u);
  EXPECT_EQ(read(Instant{9us}).implausible, 1u);
}

TEST(FlowMemory, AnEraThatComesAgainFindsNoFlowOfItsFirstUse) {
  FlowTable table(small_table());
  const FlowKey key = FlowTableStep::key_number(1);
  const std::uint64_t hash = table.hash(key);
  ASSERT_TRUE(table.insert(key, hash, {1, 0}, FlowState::established, Instant{}));
  for (std::uint32_t i = 1; i <= 0x10000; ++i) {
    table.forget_backend({1, 0});
    ASSERT_FALSE(table.find(key, hash, Instant{})) << "after " << i;
  }
  EXPECT_EQ(table.counters().forgotten, 1u);
  EXPECT_EQ(table.occupied(), 0u);
}

}  // namespace
}  // namespace poise
