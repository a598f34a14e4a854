// The ns-3 world carries plans out: flows arrive, runs repeat, failures come back as exceptions.
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

}  // namespace
}  // namespace poise::ns3world
