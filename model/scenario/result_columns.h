// The columns of every table of a run: one list for CSV files, Python, serialization and
// fingerprints.
//
// A name is what stands in the file's header; units come last in it. Text, enumerations (as words),
// integers and doubles: visit(name, member) sees the member itself.
#pragma once

#include <concepts>

#include "model/scenario/result.h"

namespace poise::scenario {

template <class Row, class Base>
concept RowOf = std::same_as<std::remove_const_t<Row>, Base>;

template <RowOf<FlowRow> Row, class Visit>
void each_column(Row& row, Visit&& visit) {
  visit("flow", row.flow);
  visit("client", row.client);
  visit("source_port", row.source_port);
  visit("backend", row.backend);
  visit("balancer", row.balancer);
  visit("start_ns", row.start_ns);
  visit("end_ns", row.end_ns);
  visit("bytes", row.bytes);
  visit("bytes_expected", row.bytes_expected);
  visit("outcome", row.outcome);
  visit("cause", row.cause);
  visit("fault", row.fault);
  visit("longest_stall_ns", row.longest_stall_ns);
  visit("moves", row.moves);
  visit("retransmits", row.retransmits);
}

template <RowOf<TimelineRow> Row, class Visit>
void each_column(Row& row, Visit&& visit) {
  visit("start_ns", row.start_ns);
  visit("goodput_bps", row.goodput_bps);
  visit("flows_open", row.flows_open);
  visit("flows_started", row.flows_started);
  visit("flows_finished", row.flows_finished);
  visit("flows_broken", row.flows_broken);
  visit("flows_moved", row.flows_moved);
}

template <RowOf<FaultRow> Row, class Visit>
void each_column(Row& row, Visit&& visit) {
  visit("fault", row.fault);
  visit("at_ns", row.at_ns);
  visit("kind", row.kind);
  visit("target", row.target);
  visit("flows_live", row.flows_live);
  visit("flows_on_target", row.flows_on_target);
  visit("flows_seen_after", row.flows_seen_after);
  visit("flows_moved", row.flows_moved);
  visit("flows_broken", row.flows_broken);
  visit("broken_backend_died", row.broken_backend_died);
  visit("broken_moved", row.broken_moved);
  visit("broken_unreachable", row.broken_unreachable);
}

template <RowOf<NoticeRow> Row, class Visit>
void each_column(Row& row, Visit&& visit) {
  visit("at_ns", row.at_ns);
  visit("machine", row.machine);
  visit("kind", row.kind);
  visit("subject", row.subject);
  visit("detail", row.detail);
}

template <RowOf<BackendRow> Row, class Visit>
void each_column(Row& row, Visit&& visit) {
  visit("backend", row.backend);
  visit("flows", row.flows);
  visit("bytes", row.bytes);
  visit("weight", row.weight);
}

template <RowOf<CounterRow> Row, class Visit>
void each_column(Row& row, Visit&& visit) {
  visit("machine", row.machine);
  visit("name", row.name);
  visit("value", row.value);
}

// Every table with its name, which is also its file's: visit("flows", result.flows).
template <RowOf<RunResult> Result, class Visit>
void each_table(Result& result, Visit&& visit) {
  visit("flows", result.flows);
  visit("timeline", result.timeline);
  visit("faults", result.faults);
  visit("notices", result.notices);
  visit("backends", result.backends);
  visit("counters", result.counters);
  visit("digests", result.digests);
}

}  // namespace poise::scenario
