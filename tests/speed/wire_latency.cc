// What the balancer adds to a datagram's way at light load, beside a loop that reads and accepts.
//
// One datagram at a time goes from the client to the VIP; its way is over when the sink's device
// has it. Client and sink are one thread, so one clock; the loop waits on the other core.
#include <benchmark/benchmark.h>
#include <linux/if_ether.h>
#include <net/if.h>
#include <netpacket/packet.h>
#include <poll.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
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

constexpr unsigned kLoopCpu = 0, kClientCpu = 1;
constexpr std::size_t kWarmUp = 200, kCount = 4000;
constexpr auto kPause = std::chrono::microseconds{100};

// All IPv4 that the sink's device receives.
Fd tap_of(const WireRig& rig) {
  const auto sink = rig.on_sink();
  Fd tap(checked(::socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC, htons(ETH_P_IP)), "open a tap"));
  sockaddr_ll device{};
  device.sll_family = AF_PACKET;
  device.sll_protocol = htons(ETH_P_IP);
  device.sll_ifindex = static_cast<int>(::if_nametoindex("eth0"));
  checked(::bind(tap.get(), reinterpret_cast<const sockaddr*>(&device), sizeof device), "tap eth0");
  return tap;
}

// Sends one datagram and waits for it; a second at most.
Duration way(RawSender& sender, const Packet& datagram, int tap) {
  const Instant start = now();
  sender.send(datagram);
  pollfd readable{tap, POLLIN, 0};
  if (checked(::poll(&readable, 1, 1000), "wait for a datagram") == 0)
    throw std::runtime_error("a datagram was lost");
  const Duration taken = now() - start;
  std::array<std::uint8_t, 2048> bytes;
  checked(static_cast<int>(::recv(tap, bytes.data(), bytes.size(), 0)), "read a datagram");
  return taken;
}

std::vector<double> ways_ns(const WireRig& rig) {
  pin_to_cpu(kClientCpu);
  const Fd tap = tap_of(rig);
  const auto client = rig.on_client();
  RawSender sender;
  std::vector<std::uint8_t> bytes = WireRig::datagram(64, 0);
  std::vector<double> taken;
  for (std::size_t i = 0; i < kWarmUp + kCount; ++i) {
    const Duration one = way(sender, Packet(bytes, 0, bytes.size()), tap.get());
    if (i >= kWarmUp) taken.push_back(static_cast<double>(one.count()));
    std::this_thread::sleep_for(kPause);
  }
  std::ranges::sort(taken);
  return taken;
}

template <class Loop>
void ping(benchmark::State& state) {
  static const WireRig rig(1);
  for (auto _ : state) {
    std::atomic<bool> ready = false, over = false;
    std::thread thread([&] {
      pin_to_cpu(kLoopCpu);
      const auto host = rig.on_host();
      Loop loop;
      ready = true;
      while (!over) loop.work();
    });
    while (!ready) std::this_thread::yield();
    const std::vector<double> taken = ways_ns(rig);
    over = true;
    thread.join();
    state.SetIterationTime(taken[taken.size() / 2] * 1e-9);
    state.counters["median_ns"] = taken[taken.size() / 2];
    state.counters["p99_ns"] = taken[taken.size() * 99 / 100];
  }
}

template <class Loop>
void add(const char* name) {
  benchmark::RegisterBenchmark(name, ping<Loop>)->Iterations(1)->UseManualTime();
}

[[maybe_unused]] const bool added = [] {
  add<BalancerLoop<Emission::verdict>>("way: balancer");
  add<AcceptLoop>("way: read and accept");
  return true;
}();

}  // namespace
}  // namespace poise::realnet
