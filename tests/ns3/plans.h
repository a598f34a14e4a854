// Small plans that the tests of the ns-3 world run.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <string>

#include "model/scenario/plan.h"
#include "model/scenario/result.h"

namespace poise::ns3test {

using namespace std::chrono_literals;

inline scenario::LinkSpec link(Duration delay = 1ms, double rate_bps = 1e9) {
  scenario::LinkSpec link;
  link.rate_bps = rate_bps;
  link.delay = delay;
  return link;
}

// A leaf with so many of each, short links, and a workload that starts when all have registered.
inline scenario::Plan small_plan(std::uint32_t clients, std::uint32_t balancers,
                                 std::uint32_t backends) {
  scenario::Plan plan;
  plan.title = "small";
  plan.duration = 5s;
  plan.topology.clients = clients;
  plan.topology.balancers = balancers;
  plan.topology.backends = backends;
  plan.topology.client_link = link();
  plan.topology.fabric_link = link(100us, 10e9);
  plan.topology.balancer_link = link(100us, 10e9);
  plan.topology.backend_link = link(100us);
  plan.workload.start = 1s;
  plan.workload.stop = 4s;
  return plan;
}

inline std::size_t count(const scenario::RunResult& result, scenario::Outcome outcome) {
  return static_cast<std::size_t>(
      std::count_if(result.flows.begin(), result.flows.end(),
                    [&](const scenario::FlowRow& row) { return row.outcome == outcome; }));
}

inline std::int64_t counter(const scenario::RunResult& result, const std::string& machine,
                            const std::string& name) {
  for (const scenario::CounterRow& row : result.counters)
    if (row.machine == machine && row.name == name) return row.value;
  return 0;
}

}  // namespace poise::ns3test
