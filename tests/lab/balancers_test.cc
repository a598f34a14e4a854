// The lab with balancers and agents: poised itself, in namespaces, and the proof by its records.
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <set>
#include <string>
#include <thread>

#include <gtest/gtest.h>

#include "realnet/lab/run.h"
#include "tests/daemon/temporary_file.h"
#include "tests/lab/plans.h"

namespace poise::realnet::lab {
namespace {

using namespace labtest;
using scenario::FaultKind;
using scenario::Outcome;
using scenario::Plan;
using scenario::RunResult;

const LabOptions kReal{.daemon = POISED};

TEST(LabBalancers, CarryFlowsToBackendsThatTheirRecordsName) {
  const RunResult result = run(small_plan(2, 1, 2), kReal);
  EXPECT_GT(result.flows.size(), 20u);
  std::set<std::string> backends;
  for (const scenario::FlowRow& flow : result.flows) {
    EXPECT_EQ(flow.outcome, Outcome::ok);
    EXPECT_EQ(flow.bytes, 10000);
    EXPECT_EQ(flow.balancer, "balancer1");
    backends.insert(flow.backend);
  }
  EXPECT_EQ(backends, (std::set<std::string>{"backend1", "backend2"}));
  EXPECT_EQ(result.digests.size(), 3u);  // of every machine, after a replay that was identical
}

// The connections last through both deaths: many requests with pauses.
TEST(LabBalancers, ABalancersDeathBreaksNoFlowAndABackendsDeathItsOwn) {
  Plan plan = small_plan(4, 2, 3);
  plan.duration = 4s;
  plan.workload.rate_per_s = 40;
  plan.workload.requests = 10;
  plan.workload.think = 200ms;
  plan.measures.stall = 1s;
  plan.faults = {fault(1500ms, FaultKind::crash, "balancer1"),
                 fault(2500ms, FaultKind::crash, "backend2")};
  const RunResult result = run(plan, kReal);
  ASSERT_EQ(result.faults.size(), 2u);
  EXPECT_GT(result.faults[0].flows_on_target, 0u);
  EXPECT_EQ(result.faults[0].flows_broken, 0u);
  EXPECT_GT(result.faults[1].flows_broken, 0u);
  EXPECT_EQ(result.faults[1].flows_broken, result.faults[1].broken_backend_died);
  for (const scenario::FlowRow& flow : result.flows) {
    const bool broken = flow.outcome == Outcome::reset || flow.outcome == Outcome::stalled;
    EXPECT_TRUE(!broken || flow.backend == "backend2") << flow.flow;
  }
}

// When a machine said it; the run's end when it did not.
std::int64_t said_at(const RunResult& result, const std::string& kind, const std::string& subject) {
  std::int64_t at = to_ns(Instant{10s});
  for (const scenario::NoticeRow& notice : result.notices)
    if (notice.kind == kind && notice.subject == subject) at = std::min(at, notice.at_ns);
  return at;
}

TEST(LabBalancers, ADrainedBackendKeepsItsFlowsAndGetsNoneAndAJoiningOneGetsSome) {
  Plan plan = small_plan(4, 1, 3);
  plan.topology.spares = 1;
  plan.duration = 4s;
  plan.workload.stop = 3500ms;
  plan.faults = {fault(1s, FaultKind::drain, "backend1"),
                 fault(1200ms, FaultKind::join, "backend4")};
  const RunResult result = run(plan, kReal);
  const std::int64_t drained = said_at(result, "draining", "backend1");
  const std::int64_t joined = said_at(result, "active", "backend4");
  ASSERT_LT(drained, to_ns(Instant{3s}));
  ASSERT_LT(joined, to_ns(Instant{3s}));
  std::size_t late = 0;
  for (const scenario::FlowRow& flow : result.flows) {
    EXPECT_EQ(flow.outcome, Outcome::ok) << flow.flow;
    EXPECT_TRUE(flow.start_ns < drained || flow.backend != "backend1") << flow.flow;
    late += flow.start_ns > joined && flow.backend == "backend4";
  }
  EXPECT_GT(late, 0u);
}

TEST(LabBalancers, AHostThatIsBackRegistersAnewAndServesAgain) {
  Plan plan = small_plan(2, 1, 2);
  plan.duration = 5s;
  plan.workload.stop = 4800ms;
  plan.faults = {fault(1s, FaultKind::crash, "backend1", 1s)};
  const RunResult result = run(plan, kReal);
  const std::int64_t down = said_at(result, "down", "backend1");
  ASSERT_LT(down, to_ns(Instant{4s}));
  std::size_t again = 0;
  for (const scenario::FlowRow& flow : result.flows)
    again += flow.start_ns > down && flow.start_ns > to_ns(Instant{2s}) &&
             flow.backend == "backend1" && flow.outcome == Outcome::ok;
  EXPECT_GT(again, 0u);
}

TEST(LabBalancers, ADaemonThatCannotRunEndsTheRunWithItsLastWord) {
  try {
    run(small_plan(1, 1, 1), {.daemon = "/bin/false"});
    FAIL() << "it ran";
  } catch (const scenario::RunError& error) {
    EXPECT_NE(std::string(error.what()).find("it ended with status 1"), std::string::npos)
        << error.what();
  }
}

TEST(LabBalancers, ADaemonThatEndsBadlyWhenItIsToldToStopEndsTheRunToo) {
  const TemporaryFolder folder;
  const std::string daemon = folder.file("poised");
  std::ofstream(daemon) << "#!/bin/sh\n"
                        << POISED << " \"$@\" &\n"
                        << "trap \"kill -TERM $!; wait $!; exit 3\" TERM\nwait\n";
  std::filesystem::permissions(daemon, std::filesystem::perms::owner_all);
  try {
    run(small_plan(1, 1, 1), {.daemon = daemon});
    FAIL() << "it did as if nothing was wrong";
  } catch (const scenario::RunError& error) {
    EXPECT_NE(std::string(error.what()).find("it ended with status 3"), std::string::npos)
        << error.what();
  }
}

TEST(LabBalancers, LeaveNothingBehindWhenTheyAreKilledWithTheirCaller) {
  for (const int moment : {120, 450, 900}) {
    int heard[2];
    ASSERT_EQ(::pipe(heard), 0);
    const pid_t caller = ::fork();
    if (caller == 0) {
      ::close(heard[0]);  // all that follows inherits the writing end
      static_cast<void>(run(small_plan(2, 1, 2), kReal));
      ::_exit(0);
    }
    ::close(heard[1]);
    std::this_thread::sleep_for(std::chrono::milliseconds(moment));
    ::kill(caller, SIGKILL);
    ::waitpid(caller, nullptr, 0);
    pollfd ended{heard[0], POLLIN, 0};
    EXPECT_EQ(::poll(&ended, 1, 5000), 1) << "a daemon outlives its lab";
    ::close(heard[0]);
  }
}

}  // namespace
}  // namespace poise::realnet::lab
