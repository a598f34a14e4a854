// Runs a plan on real packets: network namespaces, the kernel's TCP, our daemons.
#pragma once

#include <functional>
#include <string>

#include "model/scenario/plan.h"
#include "model/scenario/result.h"
#include "model/scenario/run_error.h"
#include "realnet/lab/fabric.h"

namespace poise::realnet::lab {

struct LabOptions {
  // The fraction of the run's time that has passed, 0..1; at most about 20 calls a second.
  std::function<void(double fraction)> on_progress;
  // Asked at least every 50 ms; true ends the run with scenario::Cancelled.
  std::function<bool()> cancelled;
  // Where captures (NODE.pcap) and records (NODE.record) go; must exist when the plan asks for any.
  std::string files_folder;
  // The daemon's program.
  std::string daemon = "poised";
  // The balancers' hosts hold the VIP and serve it themselves, and no daemon runs: the floor that
  // the cost of balancing is measured against.
  bool without_balancers = false;
  // Carries the packets between the hosts, routers included, in a process of its own (fabric.h), in
  // place of the kernel's veth pairs. Empty: veth pairs.
  std::function<void(Fabric&)> fabric;
};

// Runs the plan in real time, in namespaces of its own (enclosure.h), of which nothing is left when
// it returns or this process ends, however it does. Any number of runs at a time. Needs root.
// Throws std::invalid_argument for a plan that the lab does not carry out, scenario::RunError,
// scenario::Cancelled.
scenario::RunResult run(const scenario::Plan& plan, const LabOptions& options = {});

}  // namespace poise::realnet::lab
