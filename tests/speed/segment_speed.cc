// What a TCP segment costs to write and to read, beside copying and summing the same bytes.
#include <benchmark/benchmark.h>

#include <cstring>
#include <vector>

#include "model/random.h"
#include "model/tcp/segment/segment.h"
#include "model/wire/checksum.h"

namespace poise::tcp {
namespace {

// The host's memory moves on, as from a stream: 64 segments' worth of it.
constexpr std::size_t kTurns = 64;

FlowKey flow(Family family) {
  FlowKey key;
  key.source = family == Family::v4 ? Address::v4(0x0a000001) : *Address::parse("2001:db8::1");
  key.destination = family == Family::v4 ? Address::v4(0x0aff0001) : *Address::parse("2001:db8::2");
  key.source_port = 40000;
  key.destination_port = 80;
  key.protocol = wire::protocol::kTcp;
  return key;
}

Segment data_segment() {
  Segment segment;
  segment.sequence = 1000;
  segment.acknowledgment = 2000;
  segment.flags = wire::tcp_flag::kAck | wire::tcp_flag::kPsh;
  segment.window = 512;
  segment.options.timestamps = Timestamps{7, 9};
  return segment;
}

std::vector<std::uint8_t> stream(std::size_t size) {
  Rng rng(1);
  std::vector<std::uint8_t> bytes(size);
  for (auto& byte : bytes) byte = static_cast<std::uint8_t>(rng.next());
  return bytes;
}

void write(benchmark::State& state, Family family) {
  const auto size = static_cast<std::size_t>(state.range(0));
  const std::vector<std::uint8_t> bytes = stream(size * kTurns + 1);
  std::vector<std::uint8_t> memory(66000);
  const Envelope envelope{flow(family)};
  Segment segment = data_segment();
  std::size_t turn = 0;
  for (auto _ : state) {
    segment.sequence += static_cast<Seq>(size);
    benchmark::DoNotOptimize(write_segment(memory, envelope, segment,
                                           std::span(bytes).subspan(turn % kTurns * size, size)));
    benchmark::ClobberMemory();
    ++turn;
  }
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(size));
}

// As the host reads: what it is, whether it is right, and what it says.
void read(benchmark::State& state, Family family) {
  std::vector<std::uint8_t> memory(66000);
  const std::vector<std::uint8_t> payload = stream(static_cast<std::size_t>(state.range(0)));
  memory.resize(write_segment(memory, {flow(family)}, data_segment(), payload));
  for (auto _ : state) {
    wire::Datagram datagram;
    if (wire::parse(memory, datagram) != wire::Malformed::none ||
        !wire::has_right_transport_checksum(memory, datagram))
      return state.SkipWithError("a segment is wrong");
    Segment segment = read_segment(memory, datagram);
    benchmark::DoNotOptimize(segment);
  }
  state.SetBytesProcessed(state.iterations() * state.range(0));
}

void read_header(benchmark::State& state) {
  std::vector<std::uint8_t> memory(2000);
  memory.resize(write_segment(memory, {flow(Family::v4)}, data_segment()));
  wire::Datagram datagram;
  if (wire::parse(memory, datagram) != wire::Malformed::none) return;
  for (auto _ : state) {
    Segment segment = read_segment(memory, datagram);
    benchmark::DoNotOptimize(segment);
  }
}

void copy_and_sum(benchmark::State& state) {
  const auto size = static_cast<std::size_t>(state.range(0));
  const std::vector<std::uint8_t> bytes = stream(size * kTurns + 1);
  std::vector<std::uint8_t> memory(66000);
  std::size_t turn = 0;
  for (auto _ : state) {
    std::uint8_t* into = memory.data() + 52;
    std::memcpy(into, bytes.data() + turn % kTurns * size, size);
    benchmark::DoNotOptimize(wire::checksum({into, size}));
    benchmark::ClobberMemory();
    ++turn;
  }
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(size));
}

void sum(benchmark::State& state) {
  const std::vector<std::uint8_t> bytes = stream(static_cast<std::size_t>(state.range(0)) + 32);
  for (auto _ : state) benchmark::DoNotOptimize(wire::checksum(bytes));
  state.SetBytesProcessed(state.iterations() * state.range(0));
}

BENCHMARK(copy_and_sum)->Name("floor: copy, then sum")->Arg(0)->Arg(1448)->Arg(65483);
BENCHMARK(sum)->Name("floor: sum")->Arg(0)->Arg(1448)->Arg(65483);
BENCHMARK_CAPTURE(write, v4, Family::v4)->Name("write IPv4")->Arg(0)->Arg(1448)->Arg(65483);
BENCHMARK_CAPTURE(write, v6, Family::v6)->Name("write IPv6")->Arg(0)->Arg(1428)->Arg(65503);
BENCHMARK_CAPTURE(read, v4, Family::v4)->Name("read IPv4")->Arg(0)->Arg(1448)->Arg(65483);
BENCHMARK_CAPTURE(read, v6, Family::v6)->Name("read IPv6")->Arg(0)->Arg(1428)->Arg(65503);
BENCHMARK(read_header)->Name("read a header");

}  // namespace
}  // namespace poise::tcp
