// Small plans that the tests of the lab run, a few seconds each.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <string>

#include "model/scenario/plan.h"
#include "model/scenario/result.h"

namespace poise::labtest {

using namespace std::chrono_literals;

// A leaf with so many of each, as fast as this machine is.
inline scenario::Plan small_plan(std::uint32_t clients, std::uint32_t balancers,
                                 std::uint32_t backends) {
  scenario::Plan plan;
  plan.title = "small";
  plan.duration = 2s;
  plan.topology.clients = clients;
  plan.topology.balancers = balancers;
  plan.topology.backends = backends;
  for (scenario::LinkSpec* link : {&plan.topology.client_link, &plan.topology.fabric_link,
                                   &plan.topology.balancer_link, &plan.topology.backend_link})
    link->rate_bps = 10e9;
  plan.control.timeout = 1s;  // others may be busy on this machine
  plan.workload.start = 500ms;
  plan.workload.stop = 1500ms;
  return plan;
}

inline scenario::FaultSpec fault(Duration at, scenario::FaultKind kind, const std::string& target,
                                 Duration lasts = {}, double value = 0) {
  return {at, kind, target, lasts, value};
}

inline std::size_t count(const scenario::RunResult& result, scenario::Outcome outcome) {
  return static_cast<std::size_t>(
      std::count_if(result.flows.begin(), result.flows.end(),
                    [&](const scenario::FlowRow& row) { return row.outcome == outcome; }));
}

}  // namespace poise::labtest
