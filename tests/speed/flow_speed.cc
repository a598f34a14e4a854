// What the packet path's parts cost on 64-byte packets in bursts of 64, beside the floor of copying
// the packet and one prefetched random read of a table of that size.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <memory>
#include <vector>

#include "model/flow/flow_table.h"
#include "model/machine.h"
#include "model/packet.h"
#include "model/random.h"
#include "model/wire/build.h"
#include "model/wire/encapsulation.h"

namespace poise {
namespace {

constexpr std::size_t kSlot = 192;  // headroom, 64 bytes of packet, and some
constexpr BackendIndex kBackends = 12;
constexpr std::size_t kAhead = 12;  // packets between the steps of the path

Endpoint client(std::uint64_t flow) {
  return {Address::v4(0x0a000000u + static_cast<std::uint32_t>(flow / 50000)),
          static_cast<std::uint16_t>(10000 + flow % 50000)};
}

std::array<std::uint8_t, 64> packet_of(std::uint64_t flow) {
  static constexpr std::array<std::uint8_t, 24> kPayload{};
  std::array<std::uint8_t, 64> bytes{};
  const std::size_t size =
      wire::build_into(bytes, wire::TcpSegment{.source = client(flow),
                                               .destination = {Address::v4(0x0aff0001), 80},
                                               .flags = wire::tcp_flag::kAck,
                                               .payload = kPayload});
  POISE_CHECK(size == 64);
  return bytes;
}

// Packets of `flow_count` flows in random order, as they would lie in a receive ring.
std::vector<std::array<std::uint8_t, 64>> traffic(std::uint64_t flow_count) {
  Rng rng(1);
  const std::uint64_t packet_count = std::max<std::uint64_t>(1 << 12, flow_count / kBurst * kBurst);
  std::vector<std::array<std::uint8_t, 64>> packets(packet_count);
  for (auto& packet : packets) packet = packet_of(rng.below(flow_count));
  return packets;
}

struct Ring {
  std::vector<std::uint8_t> memory = std::vector<std::uint8_t>(kBurst * kSlot);
  std::array<Packet, kBurst> packets;

  void receive(const std::array<std::uint8_t, 64>* from) {
    for (std::size_t i = 0; i < kBurst; ++i) {
      std::memcpy(memory.data() + i * kSlot + kHeadroom, from + i, 64);
      packets[i] = Packet(std::span(memory).subspan(i * kSlot, kSlot), kHeadroom, 64);
    }
  }
};

std::unique_ptr<FlowTable> full_table(std::uint32_t flow_count) {
  auto table = std::make_unique<FlowTable>(
      FlowTable::Config{.capacity = flow_count, .backend_count_max = kBackends, .seed = 7});
  for (std::uint32_t i = 0; i < flow_count; ++i) {
    wire::Datagram datagram;
    const auto bytes = packet_of(i);
    POISE_CHECK(wire::parse(bytes, datagram) == wire::Malformed::none);
    const FlowKey key = key_of(datagram);
    const BackendRef backend{static_cast<BackendIndex>(i % kBackends), 0};
    POISE_CHECK(
        bool(table->insert(key, table->hash(key), backend, FlowState::established, Instant{})));
  }
  return table;
}

void count_packets(benchmark::State& state) {
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(kBurst));
  state.counters["s/packet"] =
      benchmark::Counter(static_cast<double>(state.iterations()) * kBurst,
                         benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}

// One random 64-byte line a packet, of as many lines as there are flows.
void floor(benchmark::State& state) {
  const auto flow_count = static_cast<std::uint64_t>(state.range(0));
  const auto packets = traffic(flow_count);
  struct alignas(64) Line {
    std::uint64_t word[8];
  };
  std::vector<Line> table(flow_count, Line{{1}});
  Rng rng(2);
  std::vector<std::uint32_t> places(packets.size());
  for (auto& place : places) place = static_cast<std::uint32_t>(rng.below(flow_count));
  Ring ring;
  std::size_t at = 0;
  for (auto _ : state) {
    ring.receive(&packets[at]);
    for (std::size_t i = 0; i < kBurst; ++i) __builtin_prefetch(&table[places[at + i]]);
    std::uint64_t sum = 0;
    for (std::size_t i = 0; i < kBurst; ++i) sum += table[places[at + i]].word[0];
    benchmark::DoNotOptimize(sum);
    benchmark::ClobberMemory();
    at = (at + kBurst) % packets.size();
  }
  count_packets(state);
}
BENCHMARK(floor)->Name("floor: copy, one prefetched read")->Arg(1000)->Arg(1000000);

// Parse, hash, find in the full table, touch, encapsulate.
void packet_path(benchmark::State& state) {
  const auto flow_count = static_cast<std::uint32_t>(state.range(0));
  const auto packets = traffic(flow_count);
  const auto table = full_table(flow_count);
  std::vector<wire::TunnelHeader> tunnels;
  for (std::uint32_t i = 0; i < kBackends; ++i)
    tunnels.emplace_back(wire::Encapsulation::gue, Address::v4(0x0a000901),
                         Address::v4(0x0a000100 + i));
  Ring ring;
  std::array<FlowKey, kBurst> keys;
  std::array<std::uint64_t, kBurst> hashes;
  std::array<FlowSlot, kBurst> guesses;
  std::size_t at = 0;
  Instant now{};
  for (auto _ : state) {
    ring.receive(&packets[at]);
    now += std::chrono::microseconds{6};
    for (std::size_t i = 0; i < kBurst + 2 * kAhead; ++i) {
      if (i < kBurst) {
        wire::Datagram datagram;
        if (wire::parse(ring.packets[i].bytes(), datagram) != wire::Malformed::none) std::abort();
        keys[i] = key_of(datagram);
        hashes[i] = table->hash(keys[i]);
        table->prefetch_index(hashes[i]);
      }
      if (const std::size_t j = i - kAhead; j < kBurst)
        guesses[j] = table->prefetch_entry(hashes[j]);
      if (const std::size_t j = i - 2 * kAhead; j < kBurst) {
        const FlowSlot slot = table->find(keys[j], hashes[j], now, guesses[j]);
        if (!slot) std::abort();
        table->touch(slot, now, FlowState::established);
        tunnels[table->backend(slot).index].apply(ring.packets[j],
                                                  static_cast<std::uint16_t>(hashes[j] | 0xc000));
      }
    }
    benchmark::ClobberMemory();
    at = (at + kBurst) % packets.size();
  }
  count_packets(state);
}
BENCHMARK(packet_path)->Name("parse, find, encapsulate")->Arg(1000)->Arg(1000000);

void parse_only(benchmark::State& state) {
  const auto packets = traffic(1000);
  std::size_t at = 0;
  for (auto _ : state) {
    wire::Datagram datagram;
    benchmark::DoNotOptimize(wire::parse(packets[at], datagram));
    benchmark::DoNotOptimize(datagram);
    at = (at + 1) % 4096;
  }
}
BENCHMARK(parse_only)->Name("parse");

void hash_only(benchmark::State& state, FlowFields fields) {
  const FlowHasher hasher(fields, 1);
  std::vector<FlowKey> keys(4096);
  for (std::size_t i = 0; i < keys.size(); ++i) {
    keys[i] = {client(i).address, Address::v4(0x0aff0001), client(i).port, 80,
               wire::protocol::kTcp};
  }
  std::size_t at = 0;
  for (auto _ : state) benchmark::DoNotOptimize(hasher(keys[at++ % keys.size()]));
}
BENCHMARK_CAPTURE(hash_only, five, FlowFields::five)->Name("hash of 5 fields");
BENCHMARK_CAPTURE(hash_only, caplance, FlowFields::caplance)->Name("hash as Caplance");

void encapsulate_only(benchmark::State& state) {
  const wire::TunnelHeader tunnel(wire::Encapsulation::gue, Address::v4(0x0a000901),
                                  Address::v4(0x0a000101));
  Ring ring;
  ring.receive(traffic(1000).data());
  std::uint16_t entropy = 0;
  for (auto _ : state) {
    Packet packet = ring.packets[entropy % kBurst];
    tunnel.apply(packet, ++entropy);
    benchmark::ClobberMemory();
  }
}
BENCHMARK(encapsulate_only)->Name("encapsulate in GUE");

void insert_and_evict(benchmark::State& state) {
  const auto flow_count = static_cast<std::uint32_t>(state.range(0));
  const auto table = full_table(flow_count);
  Instant now{};
  std::uint64_t flow = flow_count;
  for (auto _ : state) {
    const FlowKey key{client(flow).address, Address::v4(0x0aff0001), client(flow).port, 80,
                      wire::protocol::kTcp};
    now += std::chrono::nanoseconds{100};
    benchmark::DoNotOptimize(
        table->insert(key, table->hash(key), {1, 0}, FlowState::established, now));
    ++flow;
  }
}
BENCHMARK(insert_and_evict)->Name("insert into a full table")->Arg(1000)->Arg(1000000);

}  // namespace
}  // namespace poise
