// Runs a plan in ns-3: in this process, or in a fresh child of it.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "model/policy/policy.h"
#include "model/scenario/plan.h"
#include "model/scenario/result.h"
#include "model/scenario/run_error.h"

namespace poise::ns3world {

// Version of the ns-3 library that this room was built against, such as "3.37".
std::string ns3_version();

struct RunOptions {
  // Makes each balancer's policy; empty: policy::make. Python's policies come in here.
  std::function<std::unique_ptr<policy::Policy>(const policy::Config&)> make_policy;
  // The fraction of the simulated time that has passed, 0..1; at most about 20 calls a second.
  std::function<void(double fraction)> on_progress;
  // Asked at least every 100 ms (run: every simulated millisecond); true ends the run with
  // Cancelled.
  std::function<bool()> cancelled;
  // Where captures (NODE.pcap) and records (NODE.record) go; must exist when the plan asks for any.
  std::string files_folder;
  // Replaces the balancers' machines by static forwarders that add a tunnel header of the same
  // size: the floor that a balancer node's cost is measured against.
  bool plain_routers = false;
};

using scenario::Cancelled;
using scenario::RunError;

// Runs the plan in this process. ONE run a process: ns-3's state is global and some of it survives
// (stream numbers, defaults, packet numbers). Throws std::logic_error on the second call,
// std::invalid_argument for a plan that ns-3 must not see (it would abort), Cancelled.
scenario::RunResult run(const scenario::Plan& plan, const RunOptions& options = {});

// Called around fork(): before it, and after it in the parent and in the child (PyOS_BeforeFork
// ...).
struct ForkHooks {
  std::function<void()> before;
  std::function<void()> in_parent;
  std::function<void()> in_child;
};

// Runs the plan in a fresh child and waits for it. on_progress and cancelled are called in this
// process, make_policy in the child. The child dies with its parent. Throws RunError when the child
// threw, crashed or was killed; Cancelled after killing it. Any number of runs, one after another
// or in threads. REQUIRES: this process has not called run().
scenario::RunResult run_forked(const scenario::Plan& plan, const RunOptions& options = {},
                               const ForkHooks& hooks = {});

}  // namespace poise::ns3world
