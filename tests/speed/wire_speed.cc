// What one NFQUEUE carries: with the balancer behind it, with a bare loop that does the same input
// and output without deciding, and with a loop that only drops.
//
// A sender on one core floods; one loop a queue runs on the other (or on both). An item is a
// datagram that the loop gave its verdict. Wall time.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "model/wire/encapsulation.h"
#include "realnet/packets/nfqueue.h"
#include "realnet/packets/raw_sender.h"
#include "realnet/packets/shard.h"
#include "realnet/system/clock.h"
#include "realnet/system/thread.h"
#include "tests/speed/wire_rig.h"

namespace poise::realnet {
namespace {

constexpr Duration kWarmUp = std::chrono::milliseconds{200},
                   kRound = std::chrono::milliseconds{800};
constexpr unsigned kFlows = 1000;
constexpr unsigned kSenderCpu = 1, kLoopCpu = 0;

using Fate = Queue::Fate;

// Reads, and drops: the ceiling of what the queue itself carries.
struct DropLoop {
  Queue queue{QueueSettings{}};
  std::vector<Fate> fates = std::vector<Fate>(kBurst, Fate::drop);
  void work() { queue.settle(std::span(fates).first(queue.receive())); }
  std::uint64_t done() const { return queue.counters().received; }
};

// Reads, prepends a fixed tunnel header and emits.
template <Emission emission>
struct BareLoop {
  Queue queue{QueueSettings{}};
  RawSender sender;
  wire::TunnelHeader header{wire::Encapsulation::gue, Address::v4(0x0a080201),
                            Address::v4(0x0a080202)};
  std::vector<std::uint8_t> fixed;
  std::vector<Fate> fates =
      std::vector<Fate>(kBurst, emission == Emission::verdict ? Fate::replace : Fate::drop);
  void work() {
    const std::size_t count = queue.receive();
    for (Packet& packet : queue.packets()) {
      if (fixed.empty()) fix(packet);
      std::ranges::copy(fixed, packet.prepend(fixed.size()));
      if constexpr (emission == Emission::raw) sender.queue(packet);
    }
    if constexpr (emission == Emission::raw) sender.flush();
    queue.settle(std::span(fates).first(count));
  }
  // All datagrams are of one size, so one header fits them all.
  void fix(Packet packet) {
    header.apply(packet, 50000);
    const std::span<const std::uint8_t> bytes = packet.bytes();
    fixed.assign(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(header.size()));
  }
  std::uint64_t done() const { return queue.counters().received; }
};

template <Emission emission>
struct BalancerLoop {
  Shard<Balancer> shard{WireRig::balancer(), nullptr, Queue{QueueSettings{}}, emission, true};
  void work() { static_cast<void>(shard.work()); }
  std::uint64_t done() const { return shard.queue().counters().received; }
};

template <class Loop>
void flood(benchmark::State& state) {
  static const WireRig rig(1);
  pin_to_cpu(kLoopCpu);
  for (auto _ : state) {
    const auto host = rig.on_host();
    Loop loop;
    const WireRig::Sender sender(rig, static_cast<std::size_t>(state.range(0)), kFlows, kSenderCpu);
    for (const Instant until = now() + kWarmUp; now() < until;) loop.work();
    const std::uint64_t done = loop.done(), sunk = rig.sunk();
    const Instant start = now();
    while (now() < start + kRound) loop.work();
    const double seconds = to_seconds(now() - start);
    const auto count = static_cast<double>(loop.done() - done);
    state.SetIterationTime(seconds);
    state.SetItemsProcessed(static_cast<std::int64_t>(count));
    state.counters["arrived"] = static_cast<double>(rig.sunk() - sunk) / count;
  }
}

void add(const std::string& name, void (*run)(benchmark::State&)) {
  for (const int size : {64, 1400})
    benchmark::RegisterBenchmark((name + '/' + std::to_string(size)).c_str(), run)
        ->Arg(size)
        ->Iterations(1)
        ->UseManualTime()
        ->Unit(benchmark::kMillisecond);
}

[[maybe_unused]] const bool added = [] {
  add("nfqueue: balancer, verdict", flood<BalancerLoop<Emission::verdict>>);
  add("nfqueue: balancer, raw", flood<BalancerLoop<Emission::raw>>);
  add("nfqueue: bare, verdict", flood<BareLoop<Emission::verdict>>);
  add("nfqueue: bare, raw", flood<BareLoop<Emission::raw>>);
  add("nfqueue: drop", flood<DropLoop>);
  return true;
}();

}  // namespace
}  // namespace poise::realnet
