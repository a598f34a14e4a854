// What one NFQUEUE carries: with the balancer behind it, with bare loops that do the same input
// and output without deciding, and with a loop that only drops.
//
// A sender on one core floods; the loop runs on the other. An item is a datagram that the loop gave
// its verdict, in wall time; loop_ns is the processor time of the loop's thread for it, with the
// kernel's work on its behalf (reading, the verdict, forwarding, the last host's reception).
#include <benchmark/benchmark.h>

#include <chrono>
#include <string>

#include "realnet/system/clock.h"
#include "realnet/system/thread.h"
#include "tests/speed/wire_loops.h"
#include "tests/speed/wire_rig.h"

namespace poise::realnet {
namespace {

constexpr Duration kWarmUp = std::chrono::milliseconds{100},
                   kRound = std::chrono::milliseconds{600};
constexpr unsigned kFlows = 1000;
constexpr unsigned kSenderCpu = 1, kLoopCpu = 0;

template <class Loop>
void flood(benchmark::State& state, std::size_t size) {
  static const WireRig rig(1);
  pin_to_cpu(kLoopCpu);
  for (auto _ : state) {
    const auto host = rig.on_host();
    Loop loop;
    const WireRig::Sender sender(rig, size, kFlows, kSenderCpu);
    for (const Instant until = now() + kWarmUp; now() < until;) loop.work();
    const std::uint64_t done = loop.done(), sunk = rig.sunk();
    const Duration busy = thread_time();
    const Instant start = now();
    while (now() < start + kRound) loop.work();
    const double seconds = to_seconds(now() - start);
    const auto count = static_cast<double>(loop.done() - done);
    state.SetIterationTime(seconds);
    state.SetItemsProcessed(static_cast<std::int64_t>(count));
    state.counters["loop_ns"] = static_cast<double>((thread_time() - busy).count()) / count;
    state.counters["arrived"] = static_cast<double>(rig.sunk() - sunk) / count;
  }
}

template <class Loop>
void add(const std::string& name) {
  for (const std::size_t size : {64, 1400})
    benchmark::RegisterBenchmark(("nfqueue: " + name + '/' + std::to_string(size)).c_str(),
                                 flood<Loop>, size)
        ->Iterations(1)
        ->UseManualTime()
        ->Unit(benchmark::kMillisecond);
}

[[maybe_unused]] const bool added = [] {
  add<BalancerLoop<Emission::verdict>>("balancer, verdict");
  add<BalancerLoop<Emission::raw>>("balancer, raw");
  add<BareLoop<Emission::verdict>>("bare, verdict");
  add<BareLoop<Emission::raw>>("bare, raw");
  add<DropLoop>("drop");
  return true;
}();

}  // namespace
}  // namespace poise::realnet
