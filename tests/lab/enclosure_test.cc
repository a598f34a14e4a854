// Whatever ends a run of the lab: no process, namespace or device is left.
#include "realnet/lab/enclosure.h"

#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <filesystem>
#include <set>
#include <string>
#include <thread>

#include <gtest/gtest.h>

#include "realnet/lab/run.h"
#include "realnet/system/clock.h"
#include "tests/lab/plans.h"

namespace poise::realnet::lab {
namespace {

using namespace labtest;

std::set<std::string> named_namespaces() {
  std::set<std::string> names;
  std::error_code none;
  for (const auto& entry : std::filesystem::directory_iterator("/run/netns", none))
    names.insert(entry.path().filename());
  return names;
}

TEST(LabEnclosure, BringsResultAndErrorOut) {
  Enclosure enclosure([](Enclosure::Report& report) {
    const std::uint8_t bytes[] = {1, 2, 3};
    report.result(bytes);
    report.error("why");
    std::fputs("said", stderr);
  });
  EXPECT_TRUE(enclosure.wait([](double) {}, [] { return true; }));
  EXPECT_EQ(enclosure.result(), (std::vector<std::uint8_t>{1, 2, 3}));
  EXPECT_EQ(enclosure.error(), "why");
  EXPECT_EQ(enclosure.stderr_tail(), "said");
}

TEST(LabEnclosure, TellsWhichSignalEndedIt) {
  Enclosure enclosure([](Enclosure::Report&) { std::abort(); });
  EXPECT_TRUE(enclosure.wait([](double) {}, [] { return true; }));
  EXPECT_EQ(enclosure.signal(), SIGABRT);
}

TEST(LabEnclosure, LeavesNothingBehindWhenItsCallerIsKilledAtAnyMoment) {
  const std::set<std::string> before = named_namespaces();
  for (int moment = 0; moment < 12; ++moment) {
    int heard[2];
    ASSERT_EQ(::pipe(heard), 0);
    const pid_t caller = ::fork();
    if (caller == 0) {
      ::close(heard[0]);  // all that follows inherits the writing end
      static_cast<void>(run(small_plan(3, 2, 3), {.without_balancers = true}));
      ::_exit(0);
    }
    ::close(heard[1]);
    std::this_thread::sleep_for(std::chrono::milliseconds(moment * 17));
    ::kill(caller, SIGKILL);
    ::waitpid(caller, nullptr, 0);
    pollfd ended{heard[0], POLLIN, 0};
    ASSERT_EQ(::poll(&ended, 1, 5000), 1)
        << "some process still lives, killed after " << moment * 17 << " ms";
    ::close(heard[0]);
    EXPECT_EQ(named_namespaces(), before);
  }
}

TEST(LabEnclosure, EndsAtOnceWhenCancelled) {
  const Instant began = now();
  EXPECT_THROW(run(small_plan(3, 2, 3),
                   {.cancelled = [&] { return now() - began > 300ms; }, .without_balancers = true}),
               scenario::Cancelled);
  EXPECT_LT(now() - began, 1500ms);
}

TEST(LabEnclosure, RunsTwoLabsAtOnce) {
  scenario::RunResult results[2];
  std::thread other([&] { results[1] = run(small_plan(2, 1, 1), {.without_balancers = true}); });
  results[0] = run(small_plan(2, 1, 1), {.without_balancers = true});
  other.join();
  for (const scenario::RunResult& result : results) {
    EXPECT_GT(result.flows.size(), 10u);
    EXPECT_EQ(count(result, scenario::Outcome::ok), result.flows.size());
  }
}

}  // namespace
}  // namespace poise::realnet::lab
