// What a second queue costs and brings, on the two cores that there are.
//
// A sender on each core keeps up to kWindow datagrams under way, so that nothing overflows and no
// work is wasted; the cores never idle. One loop serves one queue, or a loop pinned to each core
// one of two. An item is a datagram with its verdict, in wall time; balancer_ns is the processor
// time of everything, less what the senders use for a datagram that is dropped before the queue.
#include <benchmark/benchmark.h>
#include <pthread.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "realnet/system/clock.h"
#include "realnet/system/error.h"
#include "realnet/system/thread.h"
#include "tests/speed/wire_loops.h"
#include "tests/speed/wire_rig.h"

namespace poise::realnet {
namespace {

using Loop = BalancerLoop<Emission::verdict>;

constexpr auto kWarmUp = std::chrono::milliseconds{100}, kRound = std::chrono::milliseconds{600};
constexpr unsigned kCores = 2, kFlows = 1000;
constexpr std::uint64_t kWindow = 1024;

// A loop on its thread, on core `number`.
class Server {
 public:
  Server(Loop& loop, unsigned number, const WireRig& rig, WireRig::Pace& pace)
      : thread_([&loop, number, &rig, &pace, this] {
          pin_to_cpu(number % kCores);
          const auto host = rig.on_host();
          for (std::uint64_t told = 0; !over_;) {
            loop.work();
            pace.settled += loop.done() - told;
            told = loop.done();
          }
        }) {}
  ~Server() {
    over_ = true;
    thread_.join();
  }
  Duration time() {
    clockid_t clock{};
    ::pthread_getcpuclockid(thread_.native_handle(), &clock);
    return clock_time(clock);
  }

 private:
  std::atomic<bool> over_ = false;
  std::thread thread_;
};

using Senders = std::vector<std::unique_ptr<WireRig::Sender>>;

Senders senders_on_all_cores(const WireRig& rig, std::size_t size, WireRig::Pace& pace) {
  Senders senders;
  for (unsigned core = 0; core < kCores; ++core)
    senders.push_back(std::make_unique<WireRig::Sender>(rig, size, kFlows, core, &pace));
  return senders;
}

Duration time_of(const Senders& senders) {
  Duration sum{};
  for (const auto& sender : senders) sum += sender->time();
  return sum;
}

double ns_of(Duration duration) {
  return static_cast<double>(duration.count());
}

// Processor time of sending a datagram that the host drops before any queue.
double sending_ns(std::size_t size) {
  static const WireRig rig(0);
  const auto pace = WireRig::Pace::make(~std::uint64_t{0});
  const Senders senders = senders_on_all_cores(rig, size, *pace);
  std::this_thread::sleep_for(kWarmUp);
  const std::uint64_t sent = pace->sent;
  const Duration before = time_of(senders);
  std::this_thread::sleep_for(kRound);
  return ns_of(time_of(senders) - before) / static_cast<double>(pace->sent - sent);
}

using Spread = WireRig::Spread;

template <unsigned queues, Spread spread>
void serve(benchmark::State& state, std::size_t size) {
  static const WireRig rig(queues, spread);
  for (auto _ : state) {
    const double alone = sending_ns(size);
    std::vector<std::unique_ptr<Loop>> loops;
    {
      const auto host = rig.on_host();
      for (std::uint16_t i = 0; i < queues; ++i) loops.push_back(std::make_unique<Loop>(i));
    }
    const auto pace = WireRig::Pace::make(kWindow);
    const Senders senders = senders_on_all_cores(rig, size, *pace);
    std::vector<std::unique_ptr<Server>> servers;
    for (unsigned i = 0; i < queues; ++i)
      servers.push_back(std::make_unique<Server>(*loops[i], i, rig, *pace));
    const auto spent = [&] {
      Duration sum = time_of(senders);
      for (const auto& server : servers) sum += server->time();
      return sum;
    };
    std::this_thread::sleep_for(kWarmUp);
    const std::uint64_t settled = pace->settled;
    const Duration before = spent();
    const Instant start = now();
    std::this_thread::sleep_for(kRound);
    const auto count = static_cast<double>(pace->settled - settled);
    state.SetIterationTime(to_seconds(now() - start));
    state.SetItemsProcessed(static_cast<std::int64_t>(count));
    state.counters["sending_ns"] = alone;
    state.counters["balancer_ns"] = ns_of(spent() - before) / count - alone;
  }
}

template <unsigned queues, Spread spread>
void add(const std::string& name) {
  for (const std::size_t size : {64, 1400})
    benchmark::RegisterBenchmark(("queues: " + name + '/' + std::to_string(size)).c_str(),
                                 serve<queues, spread>, size)
        ->Iterations(1)
        ->UseManualTime()
        ->Unit(benchmark::kMillisecond);
}

[[maybe_unused]] const bool added = [] {
  add<1, Spread::flow>("one");
  add<2, Spread::flow>("two, by flow");
  add<2, Spread::core>("two, by core");
  return true;
}();

}  // namespace
}  // namespace poise::realnet
