// What the sender costs a segment, beside writing the segment's position and time into a ring.
#include <benchmark/benchmark.h>

#include <vector>

#include "model/tcp/sender/sender.h"

namespace poise::tcp {
namespace {

using namespace std::chrono_literals;

constexpr std::uint32_t kMss = 1448;
constexpr Position kEdge = Position{1} << 60;
constexpr int kRound = 64;  // segments a turn

struct Stream {
  Sender sender{SenderConfig{}};
  Instant now = Instant{} + 1s;

  explicit Stream(int outstanding) {
    sender.start(now, 1, 1, kMss, true, 100us);
    for (int i = 0; i < 4000 && static_cast<int>(sender.in_flight() / kMss) < outstanding; ++i) {
      send(2 * outstanding);
      if (static_cast<int>(sender.in_flight() / kMss) >= outstanding) break;
      acknowledge(2);
    }
  }
  void send(int most) {
    for (int i = 0; i < most; ++i) {
      const auto piece = sender.next(now, kEdge, false, kEdge);
      if (!piece) return;
      sender.on_sent(now, *piece);
    }
  }
  void acknowledge(int segments, std::span<const Range> sacked = {}) {
    now += 10us;
    Sender::Ack ack;
    ack.position = sender.una() + segments * Position{kMss};
    ack.sacked = sacked;
    ack.echoed_at = now - 100us;
    sender.on_ack(now, ack);
  }
};

// Two segments an acknowledgment, as a receiver does that delays every other one.
void in_order(benchmark::State& state) {
  Stream stream(static_cast<int>(state.range(0)));
  for (auto _ : state)
    for (int i = 0; i < kRound; i += 2) {
      stream.acknowledge(2);
      stream.send(2);
    }
  state.SetItemsProcessed(state.iterations() * kRound);
}
BENCHMARK(in_order)->Name("sender, in order")->Arg(16)->Arg(256);

// One of 64 is lost, the rest SACKed one by one, and the loss repaired.
void with_losses(benchmark::State& state) {
  Stream stream(256);
  for (auto _ : state) {
    const Position una = stream.sender.una();
    const Position begin = una + kMss;
    for (int i = 1; i < kRound; ++i) {
      const Range block{begin, una + (i + 1) * Position{kMss}};
      stream.acknowledge(0, std::span(&block, 1));
      stream.send(2);
    }
    stream.acknowledge(kRound);
    stream.send(2);
    if (stream.sender.in_flight() < 2 * kRound * std::uint64_t{kMss}) {
      state.PauseTiming();
      stream = Stream(256);
      state.ResumeTiming();
    }
  }
  state.SetItemsProcessed(state.iterations() * kRound);
}
BENCHMARK(with_losses)->Name("sender, one of 64 lost");

void floor_ring(benchmark::State& state) {
  std::vector<std::pair<Range, Instant>> ring(256);
  std::size_t at = 0;
  for (auto _ : state)
    for (int i = 0; i < kRound; ++i, ++at) {
      const auto begin = static_cast<Position>(at) * kMss;
      ring[at & 255] = {Range{begin, begin + kMss}, Instant{Duration{begin}}};
      benchmark::DoNotOptimize(ring[(at + 128) & 255]);
    }
  state.SetItemsProcessed(state.iterations() * kRound);
}
BENCHMARK(floor_ring)->Name("floor: a ring of positions and times");

}  // namespace
}  // namespace poise::tcp
