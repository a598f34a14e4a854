// What a run gives, in every world: tidy tables, column by name in result.cc, and a fingerprint.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "model/time.h"

namespace poise::scenario {

// open: unfinished at the end of the run but making progress.
enum class Outcome : std::uint8_t { ok, reset, timeout, stalled, open };
// Why a flow broke. backend_died: its backend's host was gone. moved: a balancer sent it to another
// backend, which did not know it. unreachable: a fault cut its way. unexplained: no
// fault of the plan accounts for it (congestion, say). none: it did not break.
enum class Cause : std::uint8_t { none, backend_died, moved, unreachable, unexplained };

// One row a connection. `reset`, `timeout` and `stalled` are broken.
struct FlowRow {
  std::uint32_t flow = 0;  // its number in the schedule
  std::string client;      // node
  std::uint16_t source_port = 0;
  std::string backend;   // the first that a balancer chose; empty: none did
  std::string balancer;  // the first that carried it
  std::int64_t start_ns = 0;
  std::int64_t end_ns = -1;  // -1: unfinished
  std::int64_t bytes = 0;    // received by the client (download) or the server (upload)
  std::int64_t bytes_expected = 0;
  Outcome outcome = Outcome::ok;
  Cause cause = Cause::none;
  std::int32_t fault = -1;  // `fault` of the row of `faults` that broke or moved it; -1: none
  std::int64_t longest_stall_ns = 0;  // longest wait for progress while something was outstanding
  std::uint32_t moves = 0;            // times a balancer sent it to another backend than before
  std::uint32_t retransmits = 0;      // segments the server sent again
};

// One row an interval.
struct TimelineRow {
  std::int64_t start_ns = 0;
  double goodput_bps = 0;        // application bytes that arrived, times 8, over the interval
  std::uint32_t flows_open = 0;  // at the end of the interval
  std::uint32_t flows_started = 0;
  std::uint32_t flows_finished = 0;
  std::uint32_t flows_broken =
      0;  // that broke (were reset, timed out or made their last progress) in it
  std::uint32_t flows_moved = 0;
};

// One row a fault, as carried out: what `lasts` ends has a row of its own (expand_faults).
struct FaultRow {
  std::uint32_t fault = 0;  // its place in expand_faults(plan)
  std::int64_t at_ns = 0;
  std::string kind, target;
  std::uint32_t flows_live = 0;       // connections open at that instant
  std::uint32_t flows_on_target = 0;  // of them, on this backend or through this balancer
  // Of the live ones, those that sent a packet after it took effect and before the next fault that
  // can move flows (summarize.h).
  std::uint32_t flows_seen_after = 0;
  std::uint32_t flows_moved = 0;   // of those, sent to another backend
  std::uint32_t flows_broken = 0;  // attributed to this fault
  std::uint32_t broken_backend_died = 0, broken_moved = 0, broken_unreachable = 0;
};

struct NoticeRow {
  std::int64_t at_ns = 0;
  std::string machine;  // node
  std::string kind, subject, detail;
};

struct BackendRow {
  std::string backend;
  std::int64_t flows = 0;  // connections whose first choice it was
  std::int64_t bytes = 0;
  std::uint32_t weight = 1;
};

struct CounterRow {
  std::string machine;
  std::string name;
  std::int64_t value = 0;
};

struct RunResult {
  std::vector<FlowRow> flows;
  std::vector<TimelineRow> timeline;
  std::vector<FaultRow> faults;
  std::vector<NoticeRow> notices;
  std::vector<BackendRow> backends;
  std::vector<CounterRow> counters;  // every machine's counters, and the world's
  std::vector<CounterRow> digests;   // one a machine, at the end of the run
  std::int64_t events = 0;           // executed by the world
  std::int64_t wall_ns = 0;          // not part of the fingerprint
  std::vector<std::pair<std::string, std::string>> files;  // captures and records: (name, path)

  // 32 hexadecimal digits over all tables and digests; equal for equal plan, seed, run and code.
  std::string fingerprint() const;
};

}  // namespace poise::scenario
