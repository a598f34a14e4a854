// What the replication stream costs a segment of 1,448 bytes, beside one copy of its bytes.
#include <benchmark/benchmark.h>

#include <cstring>
#include <string>
#include <vector>

#include "model/check.h"
#include "model/tcp/replication/stream.h"

namespace poise::tcp {
namespace {

constexpr std::size_t kSize = 1448;
constexpr std::uint64_t kCount = 45;  // records of a batch, 64 KiB about

// Segments of a bulk transfer that arrived, in a row.
struct Arrivals {
  std::vector<std::uint8_t> bytes = std::vector<std::uint8_t>(kSize * kCount, 7);
  std::vector<Record> records = std::vector<Record>(kCount);

  Arrivals() {
    for (std::uint64_t i = 0; i < kCount; ++i) {
      Record& record = records[i];
      const std::uint64_t end = (std::uint64_t{1} << 32) + (i + 1) * kSize;
      record.slot = 1000;
      record.received = end;
      record.consumed = end - kSize;
      record.edge = end + 500000;
      record.timestamp_recent = 0x80000000u;
      record.arrived[0] = {end - kSize, std::span(bytes).subspan(i * kSize, kSize)};
      record.arrived_count = 1;
    }
  }
  // In one piece: each payload is copied once.
  void write(std::string& out) const {
    Gathered gathered;
    BatchWriter batch(gathered, 3, 1000000);
    for (const Record& record : records) POISE_CHECK(batch.add(record));
    batch.finish();
    gathered.append_to(out);
  }
};

void items(benchmark::State& state) {
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(kCount));
}

void copy_payloads(benchmark::State& state) {
  const Arrivals arrivals;
  std::vector<std::uint8_t> out(kSize * kCount);
  for (auto _ : state) {
    for (std::uint64_t i = 0; i < kCount; ++i)
      std::memcpy(out.data() + i * kSize, arrivals.bytes.data() + i * kSize, kSize);
    benchmark::DoNotOptimize(out.data());
    benchmark::ClobberMemory();
  }
  items(state);
}
BENCHMARK(copy_payloads)->Name("floor: copy of 1,448 bytes");

void write_records(benchmark::State& state) {
  const Arrivals arrivals;
  std::string out;
  for (auto _ : state) {
    out.clear();
    arrivals.write(out);
    benchmark::DoNotOptimize(out.data());
  }
  items(state);
  state.counters["bytes/payload"] =
      static_cast<double>(out.size()) / static_cast<double>(kSize * kCount);
}
BENCHMARK(write_records)->Name("replication: write a record");

void read_records(benchmark::State& state) {
  std::string bytes;
  Arrivals().write(bytes);
  MessageReader reader;
  StreamMessage message;
  for (auto _ : state) {
    reader.feed({reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()});
    POISE_CHECK(reader.next(message));
    benchmark::DoNotOptimize(std::get<Batch>(message).records.data());
    POISE_CHECK(!reader.next(message));
  }
  items(state);
}
BENCHMARK(read_records)->Name("replication: read a record");

}  // namespace
}  // namespace poise::tcp
