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

namespace poise::scenario {

// Flows are named by the order of their start, which is not their number in a closed loop. After
// `end`, later calls about a flow's progress do nothing.
class FlowLog {
 public:
  // Addresses of IPv4, in host order.
  struct Carried {
    std::uint32_t client = 0;
    std::uint16_t source_port = 0;
    std::uint32_t backend = 0;
  };

  // Keeps a reference to the topology.
  FlowLog(const Plan& plan, const Topology& topology);

  std::uint32_t start(Instant now, const ScheduledFlow& flow, NodeId client);
  void connected(Instant now, std::uint32_t flow);
  // Application bytes, where they count.
  void received(Instant now, std::uint32_t flow, std::uint64_t bytes);
  // Something is outstanding (at first: yes).
  void waits(Instant now, std::uint32_t flow, bool waits);
  // Segments that the server sent again.
  void retransmitted(std::uint32_t flow, std::uint32_t count = 1) {
    flows_[flow].facts.retransmits += count;
  }
  void end(Instant now, std::uint32_t flow, Outcome outcome);
  // A balancer sent a packet to a backend. In the order of time, but flows may have ended, and may
  // have started later from the same port.
  void carried(Instant now, NodeId balancer, const Carried& packet);

  // In the schedule.
  std::uint32_t number_of(std::uint32_t flow) const { return flows_[flow].facts.flow; }
  std::uint32_t open_count() const { return open_count_; }
  Instant first_start() const { return first_start_; }

  // All that was seen, by the flows' numbers. Call once.
  RunFacts take();

 private:
  struct Flow {
    FlowFacts facts;
    Instant waits_since;  // or the last progress, if later
    bool ended = false;
  };
  static void progress(Instant now, Flow& flow);

  Duration interval_;
  std::unordered_map<std::uint32_t, NodeId> node_of_;  // by address; looked up only
  // By client's address and port, in the order of start; looked up only.
  std::unordered_map<std::uint64_t, std::vector<std::uint32_t>> flows_of_;
  std::vector<Flow> flows_;
  std::vector<std::uint64_t> bytes_;  // by interval of the timeline
  std::uint32_t open_count_ = 0;
  Instant first_start_ = kNever;
  const Topology& topology_;
};

}  // namespace poise::scenario
