// What the ns-3 world costs: a balancer node beside a plain router, and a run beside its
// simulation.
#include <sys/resource.h>

#include <chrono>

#include <benchmark/benchmark.h>

#include "model/scenario/plan.h"
#include "sim/ns3/run.h"

namespace poise::ns3world {
namespace {

using namespace std::chrono_literals;

// Uploads, so that every data segment passes a balancer: 32 clients, 30 MB in all.
scenario::Plan upload_plan() {
  scenario::Plan plan;
  plan.title = "speed";
  plan.duration = 8s;
  plan.topology.clients = 32;
  plan.topology.balancers = 2;
  plan.topology.backends = 4;
  plan.topology.client_link.rate_bps = 20e6;
  plan.topology.client_link.delay = 2ms;
  plan.workload.start = 500ms;
  plan.workload.stop = 6s;
  plan.workload.rate_per_s = 60;
  plan.workload.flow_count_max = 300;
  plan.workload.direction = "upload";
  plan.workload.size_bytes = 100000;
  return plan;
}

// CPU time, which a busy machine does not stretch, of this process and of all children that ended.
double cpu_seconds() {
  double sum = 0;
  for (const int who : {RUSAGE_SELF, RUSAGE_CHILDREN}) {
    rusage usage{};
    getrusage(who, &usage);
    for (const timeval& time : {usage.ru_utime, usage.ru_stime})
      sum += static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
  }
  return sum;
}

void traffic(benchmark::State& state, bool plain_routers) {
  RunOptions options;
  options.plain_routers = plain_routers;
  const scenario::Plan plan = upload_plan();
  for (auto _ : state) {
    const double before = cpu_seconds();
    const scenario::RunResult result = run_forked(plan, options);
    state.SetIterationTime(cpu_seconds() - before);
    for (const scenario::FlowRow& flow : result.flows)
      if (flow.outcome != scenario::Outcome::ok) return state.SkipWithError("a flow broke");
    state.counters["events"] = static_cast<double>(result.events);
  }
}

void through_balancers(benchmark::State& state) {
  traffic(state, false);
}
void through_plain_routers(benchmark::State& state) {
  traffic(state, true);
}

// Forking, building 40 nodes, bringing the result home: a run that is over before anything happens.
void beside_the_simulation(benchmark::State& state) {
  scenario::Plan plan = upload_plan();
  plan.duration = 1us;
  plan.workload.start = {};
  plan.workload.stop = {};
  for (auto _ : state) {
    const double before = cpu_seconds();
    benchmark::DoNotOptimize(run_forked(plan));
    state.SetIterationTime(cpu_seconds() - before);
  }
}

BENCHMARK(through_balancers)
    ->Name("ns-3: through balancers")
    ->UseManualTime()
    ->Iterations(1)
    ->Unit(benchmark::kMillisecond);
BENCHMARK(through_plain_routers)
    ->Name("ns-3: through plain routers")
    ->UseManualTime()
    ->Iterations(1)
    ->Unit(benchmark::kMillisecond);
BENCHMARK(beside_the_simulation)
    ->Name("ns-3: a run beside its simulation")
    ->UseManualTime()
    ->Iterations(1)
    ->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace poise::ns3world
