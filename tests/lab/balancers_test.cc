// The lab with balancers and agents: poised itself, in namespaces, and the proof by its records.
#include <chrono>
#include <set>
#include <string>

#include <gtest/gtest.h>

#include "realnet/lab/run.h"
#include "tests/lab/plans.h"

namespace poise::realnet::lab {
namespace {

using namespace labtest;
using scenario::Plan;
using scenario::RunResult;

const LabOptions kReal{.daemon = POISED};

TEST(LabBalancers, CarryFlowsToBackendsThatTheirRecordsName) {
  const Plan plan = small_plan(2, 1, 2);
  const RunResult result = run(plan, kReal);
  EXPECT_GT(result.flows.size(), 20u);
  std::set<std::string> backends;
  for (const scenario::FlowRow& flow : result.flows) {
    EXPECT_EQ(flow.balancer, "balancer1");
    backends.insert(flow.backend);
  }
  EXPECT_EQ(backends, (std::set<std::string>{"backend1", "backend2"}));
}

}  // namespace
}  // namespace poise::realnet::lab
