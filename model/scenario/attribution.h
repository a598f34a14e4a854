// Which fault broke or moved a flow: the rules of summarize.h, one flow at a time.
#pragma once

#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "model/scenario/faults.h"
#include "model/scenario/result.h"
#include "model/scenario/summarize.h"
#include "model/scenario/topology.h"

namespace poise::scenario {

constexpr bool is_broken(Outcome outcome) {
  return outcome == Outcome::reset || outcome == Outcome::timeout || outcome == Outcome::stalled;
}

// The faults of a run, with what the rules ask about them.
class FaultTimeline {
 public:
  FaultTimeline(const Plan& plan, const Topology& topology, const std::vector<Instant>& effective);

  const std::vector<FaultEvent>& events() const { return events_; }
  // The latest at or before `instant`, of those that can move flows; -1: none.
  std::int32_t latest_mover(Instant instant) const;
  // The first in [from, to] that cuts the flow's way: of a router, of a link between routers, or of
  // a host (or its link) that the flow has to do with; -1: none.
  std::int32_t first_cut(const FlowFacts& flow, Instant from, Instant to) const;
  // The latest cut of the flow's way that held at `instant`; -1: none.
  std::int32_t cut_in_force(const FlowFacts& flow, Instant instant) const;
  // The crash of `node` that held at some time in [from, to]: the latest of them; -1: none.
  std::int32_t crash_during(NodeId node, Instant from, Instant to) const;
  // From when the event has taken effect until the next that can move flows happens.
  std::pair<Instant, Instant> window(std::size_t index) const;

 private:
  struct Crash {
    NodeId node;
    Instant from, to;
    std::int32_t index;
  };
  struct Cut {
    Instant at, until;
    std::int32_t index;
    std::vector<NodeId> hosts;  // that it concerns; empty: everyone
    bool of_client;
  };
  void add_cut(const Topology& topology, std::size_t index);
  static bool concerns(const Cut& cut, const FlowFacts& flow);

  std::vector<FaultEvent> events_;
  std::vector<Cut> cuts_;
  std::vector<bool> moves_flows_;
  std::vector<Instant> effective_;
  std::vector<Crash> crashes_;
};

// A packet of the flow went to another backend than the one before.
struct Move {
  Instant at;
  NodeId from = 0;  // the backend it left
  std::int32_t fault = -1;
};

struct Finding {
  Outcome outcome = Outcome::ok;
  Cause cause = Cause::none;
  std::int32_t fault = -1;
  Instant broke_at;  // of a broken flow: its reset, else its last progress
  std::vector<Move> moves;
};

Finding judge(const FlowFacts& flow, const FaultTimeline& faults, Instant end_of_run,
              Duration stall);

}  // namespace poise::scenario
