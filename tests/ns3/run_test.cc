// The ns-3 world carries plans out: flows arrive, runs repeat, failures come back as exceptions.
#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <stdexcept>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "sim/ns3/run.h"
#include "tests/ns3/plans.h"

namespace poise::ns3world {
namespace {

using namespace ns3test;
using scenario::Outcome;
using scenario::Plan;
using scenario::RunResult;

TEST(Ns3Run, GivesAClientItsBytesThroughTheVip) {
  Plan plan = small_plan(1, 1, 1);
  plan.workload.flow_count_max = 1;
  const RunResult result = run_forked(plan);
  ASSERT_EQ(result.flows.size(), 1u);
  EXPECT_EQ(result.flows[0].outcome, Outcome::ok);
  EXPECT_EQ(result.flows[0].bytes, 10000);
  EXPECT_EQ(result.flows[0].backend, "backend1");
  EXPECT_EQ(result.flows[0].balancer, "balancer1");
}

TEST(Ns3Run, SpreadsFlowsOverBalancersAndBackendsAndFinishesThemAll) {
  const RunResult result = run_forked(small_plan(8, 3, 4));
  ASSERT_GT(result.flows.size(), 100u);
  EXPECT_EQ(count(result, Outcome::ok), result.flows.size());
  for (const scenario::BackendRow& backend : result.backends)
    EXPECT_GT(backend.flows, static_cast<std::int64_t>(result.flows.size()) / 10)
        << backend.backend;
  for (const std::string name : {"balancer1", "balancer2", "balancer3"})
    EXPECT_GT(counter(result, name, "flow_chosen"), 10) << name;
}

class Ns3Tunnel : public testing::TestWithParam<const char*> {};

TEST_P(Ns3Tunnel, CarriesUploadsAndDownloadsWithoutFragments) {
  for (const char* direction : {"download", "upload"}) {
    Plan plan = small_plan(2, 2, 2);
    plan.service.encapsulation = GetParam();
    plan.workload.direction = direction;
    plan.workload.size_bytes = 200000;
    plan.workload.flow_count_max = 10;
    const RunResult result = run_forked(plan);
    ASSERT_EQ(result.flows.size(), 10u);
    for (const scenario::FlowRow& flow : result.flows) {
      EXPECT_EQ(flow.outcome, Outcome::ok);
      EXPECT_EQ(flow.bytes, 200000);
    }
    for (const std::string balancer : {"balancer1", "balancer2"}) {
      EXPECT_EQ(counter(result, balancer, "drop_too_big"), 0);
      EXPECT_EQ(counter(result, balancer, "fragmented"), 0);
      EXPECT_EQ(counter(result, balancer, "fragments_forwarded"), 0);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(All, Ns3Tunnel, testing::Values("caplance", "gue", "ipip", "gre"));

class Ns3Mtu : public testing::TestWithParam<std::uint32_t> {};

TEST_P(Ns3Mtu, FitsTheTunnelIntoTheFabric) {
  Plan plan = small_plan(2, 2, 2);
  plan.service.mtu = GetParam();
  plan.workload.direction = "upload";
  plan.workload.size_bytes = 100000;
  plan.workload.flow_count_max = 6;
  const RunResult result = run_forked(plan);
  EXPECT_EQ(count(result, Outcome::ok), 6u);
  for (const std::string balancer : {"balancer1", "balancer2"}) {
    EXPECT_EQ(counter(result, balancer, "drop_too_big"), 0);
    EXPECT_EQ(counter(result, balancer, "fragmented"), 0);
  }
  EXPECT_EQ(counter(result, "world", "lost_too_big"), 0);
}

INSTANTIATE_TEST_SUITE_P(Sizes, Ns3Mtu, testing::Values(576, 1280, 1500, 9000));

class Ns3Shape : public testing::TestWithParam<scenario::Shape> {};

TEST_P(Ns3Shape, ServesEveryClientThroughEveryRouter) {
  Plan plan = small_plan(40, 4, 12);
  plan.topology.shape = GetParam();
  plan.workload.start = 2s;
  plan.service.vips.push_back({Address::v4(0x0aff0002), 0, "tcp"});  // any port
  const RunResult result = run_forked(plan);
  ASSERT_GT(result.flows.size(), 60u);
  EXPECT_EQ(count(result, Outcome::ok), result.flows.size());
  EXPECT_EQ(counter(result, "world", "lost_no_route"), 0);
  EXPECT_EQ(counter(result, "world", "lost_ttl_expired"), 0);
  EXPECT_EQ(counter(result, "world", "lost_bad_checksum"), 0);
}

INSTANTIATE_TEST_SUITE_P(All, Ns3Shape,
                         testing::Values(scenario::Shape::leaf, scenario::Shape::clos,
                                         scenario::Shape::wan));

TEST(Ns3Run, RepeatsItselfAndChangesWithTheRunNumber) {
  Plan plan = small_plan(4, 2, 3);
  plan.topology.client_link.loss = 0.01;
  const std::string first = run_forked(plan).fingerprint();
  EXPECT_EQ(run_forked(plan).fingerprint(), first);
  plan.run = 2;
  EXPECT_NE(run_forked(plan).fingerprint(), first);
}

TEST(Ns3Run, IsTheSameWithoutForkAndRunsOnceAProcess) {
  Plan plan = small_plan(4, 2, 3);
  plan.topology.client_link.loss = 0.01;
  const std::string forked = run_forked(plan).fingerprint();
  // In a child of this test's, so that this process stays fresh for the others.
  EXPECT_EXIT(
      {
        const std::string direct = run(plan).fingerprint();
        bool refused = false;
        try {
          run(plan);
        } catch (const std::logic_error&) {
          refused = true;
        }
        std::exit(direct == forked && refused ? 0 : 1);
      },
      testing::ExitedWithCode(0), "");
}

TEST(Ns3Run, TellsItsProgressWithoutChangingTheRun) {
  const Plan plan = small_plan(4, 2, 3);
  std::vector<double> heard;
  RunOptions options;
  options.on_progress = [&](double fraction) { heard.push_back(fraction); };
  options.cancelled = [] { return false; };
  EXPECT_EQ(run_forked(plan, options).fingerprint(), run_forked(plan).fingerprint());
  ASSERT_FALSE(heard.empty());
  EXPECT_TRUE(std::is_sorted(heard.begin(), heard.end()));
  EXPECT_EQ(heard.back(), 1);
}

TEST(Ns3Run, IsCancelledWithinASecond) {
  Plan plan = small_plan(8, 3, 4);
  plan.duration = 3600s;
  plan.workload.stop = {};
  const auto start = std::chrono::steady_clock::now();
  RunOptions options;
  options.cancelled = [&] { return std::chrono::steady_clock::now() - start > 500ms; };
  EXPECT_THROW(run_forked(plan, options), Cancelled);
  EXPECT_LT(std::chrono::steady_clock::now() - start, 1500ms);
}

// A policy is a user's code that runs inside the child.
RunOptions with_policy(std::function<void()> misdeed) {
  RunOptions options;
  options.make_policy = [misdeed](const policy::Config& config) {
    misdeed();
    return policy::make(config);
  };
  return options;
}

TEST(Ns3Run, TurnsACrashInsideIntoAnErrorThatTellsAll) {
  Plan plan = small_plan(1, 1, 1);
  plan.seed = 42;
  plan.run = 7;
  try {
    run_forked(plan, with_policy([] {
                 std::fputs("the last words\n", stderr);
                 std::abort();
               }));
    FAIL() << "no error";
  } catch (const RunError& error) {
    EXPECT_EQ(error.signal(), SIGABRT);
    EXPECT_EQ(error.title(), "small");
    EXPECT_EQ(error.seed(), 42u);
    EXPECT_EQ(error.run(), 7u);
    EXPECT_NE(error.stderr_tail().find("the last words"), std::string::npos);
    EXPECT_NE(std::string(error.what()).find("seed 42, run 7"), std::string::npos);
  }
  EXPECT_THROW(run_forked(plan, with_policy([] { std::raise(SIGSEGV); })), RunError);
}

TEST(Ns3Run, TurnsAnExceptionInsideIntoAnErrorWithItsText) {
  try {
    run_forked(small_plan(1, 1, 1), with_policy([] { throw std::runtime_error("no such table"); }));
    FAIL() << "no error";
  } catch (const RunError& error) {
    EXPECT_EQ(error.signal(), 0);
    EXPECT_NE(std::string(error.what()).find("no such table"), std::string::npos);
  }
}

TEST(Ns3Run, CallsItsHooksOnBothSidesOfTheFork) {
  std::string seen;
  ForkHooks hooks;
  hooks.before = [&] { seen += "b"; };
  hooks.in_parent = [&] { seen += "p"; };
  hooks.in_child = [&] { seen += "c"; };
  RunOptions options = with_policy([&] {
    if (seen != "bc") throw std::runtime_error("the child saw " + seen);
  });
  run_forked(small_plan(1, 1, 1), options, hooks);
  EXPECT_EQ(seen, "bp");
}

TEST(Ns3Run, RefusesWhatNs3MustNotSee) {
  const auto refused = [](auto change) {
    Plan plan = small_plan(1, 1, 1);
    change(plan);
    EXPECT_THROW(run(plan), std::exception);
    EXPECT_THROW(run_forked(plan), RunError);
  };
  refused([](Plan& plan) { plan.topology.client_link.rate_bps = 0; });
  refused([](Plan& plan) { plan.topology.client_link.rate_bps = -1e9; });
  refused([](Plan& plan) { plan.topology.client_link.delay = -1ms; });
  refused([](Plan& plan) { plan.topology.client_link.queue_packets = 0; });
  refused([](Plan& plan) { plan.topology.client_link.loss = 2; });
  refused([](Plan& plan) { plan.service.mtu = 100; });
  refused([](Plan& plan) { plan.service.vips[0].address = *Address::parse("2001:db8::1"); });
  refused([](Plan& plan) { plan.service.vips[0].protocol = "udp"; });
  refused([](Plan& plan) { plan.service.encapsulation = "vxlan"; });
  refused([](Plan& plan) { plan.policy.kind = "magelv"; });
  refused([](Plan& plan) { plan.faults = {{1s, scenario::FaultKind::crash, "nobody", {}, 0}}; });
  refused([](Plan& plan) { plan.measures.captures = {"nobody"}; });
  refused([](Plan& plan) { plan.measures.records = true; });  // and no folder
}

TEST(Ns3Run, WarnsWhenFlowsStartBeforeTheBackendsAreKnown) {
  Plan plan = small_plan(1, 1, 2);
  plan.workload.start = {};
  plan.workload.rate_per_s = 10000;
  plan.workload.flow_count_max = 1;
  const RunResult result = run_forked(plan);
  EXPECT_TRUE(std::any_of(result.notices.begin(), result.notices.end(), [](const auto& notice) {
    return notice.machine == "world" && notice.kind == "early";
  }));
}

TEST(Ns3Run, RunsClosedLoopsAndSeveralRequestsAConnection) {
  Plan plan = small_plan(4, 2, 2);
  plan.workload.arrivals = "closed";
  plan.workload.concurrency = 6;
  plan.workload.requests = 3;
  plan.workload.think = 20ms;
  const RunResult result = run_forked(plan);
  ASSERT_GT(result.flows.size(), 60u);
  EXPECT_GE(count(result, Outcome::ok) + 6, result.flows.size());
  EXPECT_EQ(count(result, Outcome::reset), 0u);
  for (const scenario::FlowRow& flow : result.flows) EXPECT_EQ(flow.bytes_expected, 30000);
}

}  // namespace
}  // namespace poise::ns3world
