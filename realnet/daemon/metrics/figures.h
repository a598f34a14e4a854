// What a balancer and an agent count, as metrics.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "model/balancer/agent.h"
#include "model/balancer/balancer.h"
#include "realnet/daemon/metrics/exposition.h"

namespace poise::realnet {

// The figures of a balancer with one machine a queue: what they count about packets and flows is
// summed; of control, which is the same in all, the first's figures are taken.
class BalancerFigures {
 public:
  // Takes down one machine's figures, under its lock; in the order of the queues.
  void add(const Balancer& shard);
  void write(Exposition& exposition) const;

 private:
  struct BackendFigures {
    std::string name;
    BackendState state = BackendState::down;
    std::uint32_t weight = 0;
    std::uint64_t flows = 0;
    std::optional<PairView> pair;
  };

  bool is_empty_ = true;
  std::array<std::uint64_t, kCountNumber> counts_{};
  FlowTable::Counters flow_counters_;
  std::uint64_t flows_ = 0, flows_max_ = 0;
  std::vector<BackendFigures> backends_;
};

class AgentFigures {
 public:
  // Takes them down, under the machine's lock.
  explicit AgentFigures(const Agent& agent);
  void write(Exposition& exposition) const;

 private:
  std::array<std::uint64_t, kCountNumber> counts_{};
  std::vector<Address> balancers_;
  std::vector<AgentState> states_;  // at each of them
};

// Of this process, as every Prometheus client names them: process_cpu_seconds_total, ...
void write_process_figures(Exposition& exposition);

}  // namespace poise::realnet
