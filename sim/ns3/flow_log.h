// What the world sees of every flow while it runs: the raw material of a run's tables.
#pragma once

#include <cstdint>
#include <unordered_map>
#include <vector>

#include "model/scenario/plan.h"
#include "model/scenario/summarize.h"
#include "model/scenario/topology.h"
#include "model/scenario/workload.h"
#include "model/time.h"
#include "sim/ns3/balancer_node.h"

namespace poise::ns3world {

// Flows are named by the order of their start, which is not their number in a closed loop. All
// calls take the simulator's time. After `end`, later calls about a flow's progress do nothing.
class FlowLog {
 public:
  FlowLog(const scenario::Plan& plan, const scenario::Topology& topology);

  std::uint32_t start(const scenario::ScheduledFlow& flow, scenario::NodeId client);
  void connected(std::uint32_t flow);
  void received(std::uint32_t flow, std::uint64_t bytes);  // application bytes, where they count
  void waits(std::uint32_t flow, bool waits);  // something is outstanding (at first: yes)
  void retransmitted(std::uint32_t flow) { flows_[flow].facts.retransmits++; }
  void end(std::uint32_t flow, scenario::Outcome outcome);
  void carried(scenario::NodeId balancer, const ns3::PoiseBalancer::Carried& carried);

  std::uint32_t open_count() const { return open_count_; }
  Instant first_start() const { return first_start_; }

  // All that was seen, by the flows' numbers. Call once.
  scenario::RunFacts take();

 private:
  struct Flow {
    scenario::FlowFacts facts;
    Instant waits_since;  // or the last progress, if later
    bool ended = false;
  };
  void progress(Flow& flow);

  Duration interval_;
  std::unordered_map<std::uint32_t, scenario::NodeId> node_of_;  // by address; looked up only
  std::unordered_map<std::uint64_t, std::uint32_t> flow_of_;     // by client's address and port
  std::vector<Flow> flows_;
  std::vector<std::uint64_t> bytes_;  // by interval of the timeline
  std::uint32_t open_count_ = 0;
  Instant first_start_ = kNever;
  const scenario::Topology& topology_;
};

}  // namespace poise::ns3world
