// From what a world saw of each flow to the tables of a run: who broke what, the same in every
// world.
//
// Attribution, in this order, of a broken flow (reset, timeout, stalled):
//   backend_died  the host of the backend that carried it last, or the one it was moved away from,
//                 was crashed while the flow was there; fault: that crash.
//   moved         a balancer sent it to another backend while its own was alive; fault: the latest
//                 fault that can move flows at or before the first packet sent elsewhere.
//   unreachable   a fault cut its way (crash, link_down, partition, lossy: of a router, of a link
//                 between routers, or of a host it has to do with) between one second before its
//                 last progress (what was on its way still arrived) and its end; fault: the first.
//                 Or no balancer ever carried it, and such a fault held when it started; fault: the
//                 latest.
//   unexplained   else; fault: -1.
// Faults that can move flows: crash, restart, pause, resume, drain, deregister, join, partition and
// heal of any node, and link_down and link_up of a link of a balancer or backend.
#pragma once

#include <cstdint>
#include <vector>

#include "model/scenario/faults.h"
#include "model/scenario/plan.h"
#include "model/scenario/result.h"
#include "model/scenario/topology.h"
#include "model/time.h"

namespace poise::scenario {

// A balancer forwarded a packet of the flow to a backend. Worlds record one for the first packet
// and one each time either differs from the packet before.
struct Carry {
  Instant at;
  NodeId balancer = 0;
  NodeId backend = 0;
};

struct FlowFacts {
  std::uint32_t flow = 0;  // its number in the schedule
  NodeId client = 0;
  std::uint16_t source_port = 0;
  Instant start;
  Instant end = kNever;  // closed, reset or given up; kNever: unfinished
  // The latest of start, handshake done, application bytes received, asking again after a pause.
  Instant last_progress;
  // What the world knows: ok, reset or timeout when it ended. Unfinished flows: leave `open`;
  // summarize makes it `stalled` by measures.stall, unless the flow waits for nothing (`waiting`).
  Outcome outcome = Outcome::open;
  bool waiting = true;  // something is outstanding at the end (not: thinking)
  std::int64_t bytes = 0;
  std::int64_t bytes_expected = 0;
  Duration
      longest_stall{};  // up to `end`; summarize adds the wait at the end of an unfinished flow
  std::uint32_t retransmits = 0;
  std::vector<Carry> carries;  // by time
  std::vector<Instant>
      seen;  // packets of it that balancers forwarded, by time; may be thinned to 1 a ms
};

// Application bytes that arrived.
struct Progress {
  Instant at;
  std::uint64_t bytes = 0;
};

struct RunFacts {
  std::vector<FlowFacts> flows;    // by number
  std::vector<Progress> progress;  // of all flows, in any order
  // By the place in expand_faults(plan): when the last balancer had learnt of the fault (a member
  // left or joined its policy). Missing or earlier than the fault: it took effect at once.
  std::vector<Instant> effective;
};

// Fills flows, timeline, faults and backends; the world adds notices, counters, digests, events.
RunResult summarize(const Plan& plan, const Topology& topology, const RunFacts& facts);

}  // namespace poise::scenario
