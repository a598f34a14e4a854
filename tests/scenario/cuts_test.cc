// Laws of cuts: exactly the sets that a search of all subsets finds, and warnings made of them.
#include "model/scenario/cuts.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <set>

#include "model/scenario/plan_toml.h"
#include "tests/scenario/random_topology.h"

namespace poise::scenario {
namespace {

bool connected(const Topology& topology, const Alive& alive, NodeId a, NodeId b) {
  return alive.node(a) && !topology.next_hops(a, b, alive).empty();
}

// Client by client, balancer by balancer, backend by backend.
std::uint32_t count_served(const Topology& topology, const Alive& alive) {
  std::uint32_t served = 0;
  for (const NodeId client : topology.of_kind(NodeKind::client)) {
    bool found = false;
    for (const NodeId balancer : topology.of_kind(NodeKind::balancer))
      for (const NodeId backend : topology.of_kind(NodeKind::backend))
        found = found || (connected(topology, alive, client, balancer) &&
                          connected(topology, alive, balancer, backend) &&
                          connected(topology, alive, backend, client));
    served += found;
  }
  return served;
}

std::vector<Part> all_parts(const Topology& topology) {
  std::vector<Part> parts;
  for (NodeId id = 0; id < topology.nodes().size(); ++id)
    if (topology.nodes()[id].kind != NodeKind::client) parts.push_back({Part::Kind::node, id});
  for (LinkId id = 0; id < topology.links().size(); ++id) parts.push_back({Part::Kind::link, id});
  return parts;
}

Alive without(const Topology& topology, const std::vector<Part>& cut) {
  Alive alive = topology.alive_at_start();
  for (const Part part : cut)
    (part.kind == Part::Kind::node ? alive.nodes : alive.links)[part.id] = false;
  return alive;
}

// All minimal cuts up to a size, by trying every subset, small ones first.
std::vector<std::vector<Part>> try_subsets(const Topology& topology, std::size_t size_max) {
  const std::vector<Part> parts = all_parts(topology);
  std::vector<std::vector<Part>> cuts;
  for (std::size_t size = 0; size <= size_max; ++size) {
    std::vector<Part> subset;
    const std::function<void(std::size_t)> choose = [&](std::size_t from) {
      if (subset.size() == size) {
        for (const std::vector<Part>& cut : cuts)
          if (std::includes(subset.begin(), subset.end(), cut.begin(), cut.end())) return;
        if (count_served(topology, without(topology, subset)) == 0) cuts.push_back(subset);
        return;
      }
      for (std::size_t i = from; i < parts.size(); ++i) {
        subset.push_back(parts[i]);
        choose(i + 1);
        subset.pop_back();
      }
    };
    choose(0);
  }
  return cuts;
}

TEST(Cuts, ServedClientsAreThoseWithAWorkingChain) {
  int none = 0, some = 0;
  for (std::uint64_t seed = 1; seed <= 600; ++seed) {
    const Topology topology(random_topology(seed));
    Rng rng(seed, 9);
    const Alive alive = random_alive(topology, rng);
    const std::uint32_t expected = count_served(topology, alive);
    ASSERT_EQ(clients_served(topology, alive), expected) << "seed " << seed;
    (expected ? some : none) += 1;
  }
  EXPECT_GT(some, 50);
  EXPECT_GT(none, 50);
}

TEST(Cuts, AreTheMinimalSetsThatASearchOfAllSubsetsFinds) {
  std::size_t found = 0;
  for (std::uint64_t seed = 1; seed <= 250; ++seed) {
    const Topology topology(random_topology(seed));
    auto expected = try_subsets(topology, 2), cuts = cut_sets(topology, 2);
    std::sort(expected.begin(), expected.end());
    std::sort(cuts.begin(), cuts.end());
    ASSERT_EQ(cuts, expected) << "seed " << seed;
    found += !cuts.empty() && !cuts[0].empty() ? cuts.size() : 0;
  }
  EXPECT_GT(found, 200u);
}

TEST(Cuts, OfALeafShapeAreItsLoneLeavesAndThePairOfSpines) {
  TopologySpec spec;
  spec.backends = 12;
  const Topology topology(spec);
  std::set<std::set<std::string>> nodes_only;
  for (const std::vector<Part>& cut : cut_sets(topology, 2)) {
    std::set<std::string> names;
    for (const Part part : cut)
      if (part.kind == Part::Kind::node) names.insert(std::string(name_of(topology, part)));
    if (names.size() == cut.size()) nodes_only.insert(names);
  }
  // leaf1: the clients' one, leaf2: the balancers', leaf3 and leaf4: the backends'.
  EXPECT_EQ(nodes_only, (std::set<std::set<std::string>>{{"leaf1"},
                                                         {"leaf2"},
                                                         {"leaf3", "leaf4"},
                                                         {"spine1", "spine2"},
                                                         {"balancer1", "balancer2"}}));
}

TEST(Cuts, SinglePointsAreWhereOnePartTakesServiceAway) {
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    const Topology topology(random_topology(seed));
    const std::uint32_t clients = count_served(topology, topology.alive_at_start());
    std::set<Part> expected;
    for (const Part part : all_parts(topology)) {
      const auto& ends = topology.links();
      const bool of_client = part.kind == Part::Kind::link &&
                             (topology.nodes()[ends[part.id].a].kind == NodeKind::client ||
                              topology.nodes()[ends[part.id].b].kind == NodeKind::client);
      if (!of_client && count_served(topology, without(topology, {part})) < clients)
        expected.insert(part);
    }
    std::set<Part> found;
    for (const SinglePoint& point : single_points(topology))
      if (point.clients_cut > 0) found.insert(point.part);
    ASSERT_EQ(found, expected) << "seed " << seed;
  }
}

TEST(FaultPlans, CutTheServiceOffAndAreSoundPlans) {
  Plan plan;
  plan.topology.backends = 12;
  const auto plans = fault_plans(plan, 2, std::chrono::seconds{3}, std::chrono::seconds{2});
  EXPECT_GT(plans.size(), 5u);
  for (const std::vector<FaultSpec>& faults : plans) {
    Plan faulty = plan;
    faulty.faults = faults;
    EXPECT_NO_THROW(check_plan(faulty));
    bool cut_off = false;
    for (const std::string& warning : warnings(faulty))
      cut_off = cut_off || warning.find("no client can open a flow") != std::string::npos;
    EXPECT_TRUE(cut_off) << write_plan(faulty);
  }
}

bool warns(const Plan& plan, std::string_view text) {
  for (const std::string& warning : warnings(plan))
    if (warning.find(text) != std::string::npos) return true;
  return false;
}

TEST(Warnings, NameTheSinglePointsOfFailure) {
  EXPECT_TRUE(warns(
      Plan{}, "leaf2 is a single point of failure: without it 16 of 16 clients are not served"));
  Plan one;
  one.topology.balancers = 1;
  EXPECT_TRUE(warns(one, "balancer1 is a single point of failure"));
  EXPECT_FALSE(warns(Plan{}, "balancer1"));
  EXPECT_FALSE(warns(Plan{}, "spine1"));
}

TEST(Warnings, SayWhatCannotGoWell) {
  Plan plan;
  EXPECT_FALSE(warns(plan, "heartbeat"));
  plan.control.timeout = plan.control.heartbeat + Duration{1};
  EXPECT_TRUE(warns(plan, "one lost heartbeat"));
  EXPECT_FALSE(warns(plan, "flows pile up"));
  plan.workload.rate_per_s = 1e5;
  plan.workload.size_bytes = 1e6;
  EXPECT_TRUE(warns(plan, "flows pile up"));
  EXPECT_FALSE(warns(plan, "think_s"));
  plan.workload.think = std::chrono::seconds{1};
  EXPECT_TRUE(warns(plan, "think_s"));
  plan.faults.push_back({plan.duration - Duration{1}, FaultKind::crash, "backend1", {}, 0});
  EXPECT_TRUE(warns(plan, "fault.0 comes less than measures.stall_s"));
}

TEST(Warnings, FollowTheFaultsUntilNobodyIsServed) {
  Plan plan;
  plan.topology.balancers = 2;
  const auto crash = [](int at, const char* target, int lasts) {
    return FaultSpec{std::chrono::seconds{at}, FaultKind::crash, target,
                     std::chrono::seconds{lasts}, 0};
  };
  plan.faults = {crash(1, "balancer1", 2), crash(4, "balancer2", 0)};
  EXPECT_FALSE(warns(plan, "no client can open a flow"));
  plan.faults = {crash(1, "balancer1", 4), crash(4, "balancer2", 0)};
  EXPECT_TRUE(warns(plan, "from 4 s (crash of balancer2) no client can open a flow"));
}

}  // namespace
}  // namespace poise::scenario
