// What one storm is made of, all of it drawn from its seed: machines, wires, clients.
#pragma once

#include <cstdint>
#include <vector>

#include "model/balancer/config.h"
#include "model/policy/policy.h"
#include "tests/world/memory_world.h"

namespace poise::storm {

inline constexpr const char* kPair = "db";

struct Weather {
  std::uint64_t seed = 0;
  std::vector<BalancerConfig> balancers;
  std::vector<AgentConfig> agents;
  policy::Config policy;
  memory::WireFaults wires;
  Vip vip;
  std::vector<Endpoint> clients;  // one flow each
  Duration duration{};            // of the chaos
  Duration calm{};                // after it, until everything must be well again
  Duration packet_interval{};     // mean
  Duration fault_interval{};      // mean
  bool is_roomy = false;          // the flow tables hold every flow: nothing is evicted
  bool has_pair = false;          // the first two agents are the replicas of kPair
  bool is_recorded = false;       // every machine's record is replayed at the end
};

Weather draw(std::uint64_t seed);

}  // namespace poise::storm
