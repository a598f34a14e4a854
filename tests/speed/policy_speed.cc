// What a choice costs for every policy, beside the floor of one read of memory; and building
// tables.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <string>
#include <vector>

#include "model/hash.h"
#include "model/policy/policy.h"

namespace poise::policy {
namespace {

constexpr std::size_t kHashCount = 1 << 15;  // a power of two

// Uniform hashes, read in order, so that their own cost is a prefetched 8 bytes.
std::vector<std::uint64_t> hashes() {
  Rng rng(1);
  std::vector<std::uint64_t> values(kHashCount);
  for (std::uint64_t& value : values) value = rng.next();
  return values;
}

std::vector<Candidate> backends(std::int64_t count) {
  std::vector<Candidate> candidates;
  for (std::int64_t i = 0; i < count; ++i)
    candidates.push_back({.index = static_cast<BackendIndex>(i),
                          .weight = 1,
                          .name = "backend-" + std::to_string(i)});
  std::sort(candidates.begin(), candidates.end(),
            [](const Candidate& a, const Candidate& b) { return a.name < b.name; });
  return candidates;
}

// The floor: one read of a table of 16-bit entries, its place by multiplication.
void read_of_memory(benchmark::State& state) {
  std::vector<std::uint16_t> table(static_cast<std::size_t>(state.range(0)));
  for (std::size_t i = 0; i < table.size(); ++i) table[i] = static_cast<std::uint16_t>(i * 7);
  const std::vector<std::uint64_t> flows = hashes();
  std::size_t i = 0;
  for (auto _ : state)
    benchmark::DoNotOptimize(table[reduce(flows[i++ % kHashCount], table.size())]);
}
BENCHMARK(read_of_memory)->Name("floor: read of a table")->Arg(65537)->Arg(655373);

void choose(benchmark::State& state, const std::string& kind, std::uint32_t table_size) {
  const std::unique_ptr<Policy> policy = make({.kind = kind, .table_size = table_size});
  policy->rebuild(backends(state.range(0)));
  Rng rng(2);
  std::vector<std::uint32_t> counts(static_cast<std::size_t>(state.range(0)));
  for (std::uint32_t& count : counts) count = static_cast<std::uint32_t>(rng.below(100));
  const std::vector<std::uint64_t> flows = hashes();
  std::size_t i = 0;
  for (auto _ : state)
    benchmark::DoNotOptimize(policy->choose(flows[i++ % kHashCount], counts, rng));
}

void build(benchmark::State& state, const std::string& kind) {
  const auto size = static_cast<std::uint32_t>(state.range(0));
  const std::unique_ptr<Policy> policy = make({.kind = kind, .table_size = size});
  const std::vector<Candidate> candidates = backends(1000);
  for (auto _ : state) policy->rebuild(candidates);
}

// The floor of building: to write every entry once, at random places of the table.
void write_every_slot(benchmark::State& state) {
  const auto size = static_cast<std::size_t>(state.range(0));
  std::vector<std::uint16_t> table(size);
  for (auto _ : state) {
    std::size_t slot = 0;
    for (std::size_t i = 0; i < size; ++i) {
      table[slot] = static_cast<std::uint16_t>(i);
      slot += 40503;  // coprime to the prime size
      while (slot >= size) slot -= size;
    }
    benchmark::ClobberMemory();
  }
}
BENCHMARK(write_every_slot)
    ->Name("floor: write every slot")
    ->Unit(benchmark::kMillisecond)
    ->Arg(65537)
    ->Arg(655373);

const int registered = [] {
  for (const Entry& entry : catalogue()) {
    const std::string kind(entry.kind);
    benchmark::RegisterBenchmark(("choose: " + kind).c_str(), choose, kind, 65537u)
        ->Arg(10)
        ->Arg(100)
        ->Arg(1000);
  }
  benchmark::RegisterBenchmark("choose: maglev of 655373", choose, "maglev", 655373u)->Arg(1000);
  for (const char* kind : {"maglev", "maglev_caplance", "maglev_katran_v2"})
    benchmark::RegisterBenchmark(("build: " + std::string(kind)).c_str(), build, kind)
        ->Unit(benchmark::kMillisecond)
        ->Arg(65537)
        ->Arg(655373);
  return 0;
}();

}  // namespace
}  // namespace poise::policy
