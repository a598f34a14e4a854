// What a byte costs on its way through a queue, and a range in a set, beside copying it.
#include <benchmark/benchmark.h>

#include <cstring>
#include <vector>

#include "model/tcp/buffer/byte_queue.h"
#include "model/tcp/buffer/range_set.h"

namespace poise::tcp {
namespace {

// A bulk transfer: stored by segments, 64 of them ahead of what is seen and dropped.
void queue(benchmark::State& state) {
  const auto size = static_cast<std::size_t>(state.range(0));
  ChunkPool pool(256);
  ByteQueue queue(pool, 2 << 20);
  const std::vector<std::uint8_t> bytes(size, 7);
  std::uint64_t end = 64 * size;
  for (std::uint64_t at = 0; at < end; at += size) (void)queue.store(at, bytes);
  for (auto _ : state) {
    if (queue.store(end, bytes) != size) return state.SkipWithError("the pool is empty");
    end += size;
    benchmark::DoNotOptimize(queue.view(queue.begin(), size).data());
    queue.drop_before(queue.begin() + size);
  }
  state.SetBytesProcessed(state.iterations() * state.range(0));
}

void copy(benchmark::State& state) {
  const auto size = static_cast<std::size_t>(state.range(0));
  const std::vector<std::uint8_t> bytes(size, 7);
  std::vector<std::uint8_t> memory(2 << 20);
  std::size_t at = 0;
  for (auto _ : state) {
    std::memcpy(memory.data() + at, bytes.data(), size);
    benchmark::ClobberMemory();
    at = at + 2 * size > memory.size() ? 0 : at + size;
  }
  state.SetBytesProcessed(state.iterations() * state.range(0));
}

// Every second segment is lost, up to so many holes, and then they are filled.
void holes(benchmark::State& state) {
  const Position count = state.range(0);
  RangeSet set(static_cast<std::size_t>(count));
  for (auto _ : state) {
    for (Position i = 0; i < count; ++i) (void)set.add({2 * i * 1448, (2 * i + 1) * 1448});
    for (Position i = 0; i < count; ++i) (void)set.add({(2 * i + 1) * 1448, (2 * i + 2) * 1448});
    benchmark::DoNotOptimize(set.ranges().size());
    set.clear();
  }
  state.SetItemsProcessed(state.iterations() * 2 * count);
}

BENCHMARK(copy)->Name("floor: copy")->Arg(1448)->Arg(16384);
BENCHMARK(queue)->Name("byte queue")->Arg(1448)->Arg(16384);
BENCHMARK(holes)->Name("holes")->Arg(4)->Arg(64);

}  // namespace
}  // namespace poise::tcp
