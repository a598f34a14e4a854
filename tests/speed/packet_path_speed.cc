// What a packet costs on its way through a balancer, beside the floor: copying it, and one
// prefetched random read of a table of the same size.
#include <benchmark/benchmark.h>

#include <cstring>
#include <string>
#include <vector>

#include "model/balancer/balancer.h"
#include "model/wire/build.h"

namespace poise {
namespace {

constexpr std::size_t kPacketSize = 64;
constexpr std::size_t kSlotSize = 256;
constexpr unsigned kBackends = 100;
const Address kVip = Address::v4(0x0aff0001);

// One TCP segment of 64 bytes for each flow, in random order, so that the table is read at random
// while the packets themselves are read in order, as from a ring.
std::vector<std::uint8_t> segments(std::size_t flows, std::uint64_t seed) {
  std::vector<std::uint32_t> order(flows);
  for (std::size_t i = 0; i < flows; ++i) order[i] = static_cast<std::uint32_t>(i);
  Rng rng(seed);
  for (std::size_t i = flows; i > 1; --i) std::swap(order[i - 1], order[rng.below(i)]);
  std::vector<std::uint8_t> bytes(flows * kPacketSize);
  const std::vector<std::uint8_t> payload(kPacketSize - 40);
  for (std::size_t i = 0; i < flows; ++i) {
    const std::uint32_t flow = order[i];
    const wire::TcpSegment segment{.source = {Address::v4(0x0b000000 + flow / 1000),
                                              static_cast<std::uint16_t>(10000 + flow % 1000)},
                                   .destination = {kVip, 80},
                                   .flags = wire::tcp_flag::kAck,
                                   .payload = payload};
    benchmark::DoNotOptimize(
        wire::build_into(std::span(bytes).subspan(i * kPacketSize, kPacketSize), segment));
  }
  return bytes;
}

// Sixty-four packets' memory, filled from a ring of segments.
class Burst {
 public:
  explicit Burst(const std::vector<std::uint8_t>& segments)
      : segments_(segments), memory_(kBurst * kSlotSize), packets_(kBurst) {}

  std::span<Packet> next() {
    const std::span<Packet> packets = again();
    at_ = (at_ + kBurst * kPacketSize) % segments_.size();
    return packets;
  }
  // The burst that next() gives next.
  std::span<Packet> again() {
    std::size_t at = at_;
    for (std::size_t i = 0; i < kBurst; ++i) {
      const std::span<std::uint8_t> slot = std::span(memory_).subspan(i * kSlotSize, kSlotSize);
      std::memcpy(slot.data() + kHeadroom, segments_.data() + at, kPacketSize);
      packets_[i] = Packet(slot, kHeadroom, kPacketSize);
      at += kPacketSize;
      if (at == segments_.size()) at = 0;
    }
    return packets_;
  }

 private:
  const std::vector<std::uint8_t>& segments_;
  std::vector<std::uint8_t> memory_;
  std::vector<Packet> packets_;
  std::size_t at_ = 0;
};

void say(Balancer& balancer, PeerId peer, const std::string& line) {
  balancer.on_message(Instant{}, peer,
                      {reinterpret_cast<const std::uint8_t*>(line.data()), line.size()});
}

// Registers backends as their agents would: each answers the probe that it finds in its tunnel.
void register_backends(Balancer& balancer) {
  for (unsigned i = 0; i < kBackends; ++i) {
    balancer.on_peer(Instant{}, i, PeerEvent::up);
    say(balancer, i,
        "REGISTER web" + std::to_string(i) + ' ' + Address::v4(0x0a000100 + i).to_string() + '\n');
    const std::optional<Packet> probe = balancer.next_transmit();
    const std::string text(probe->bytes().begin(), probe->bytes().end());
    say(balancer, i, "SANE " + text.substr(text.find("SANITY ") + 7, 16) + '\n');
  }
}

void packet_path(benchmark::State& state, bool tracking) {
  const auto flows = static_cast<std::size_t>(state.range(0));
  BalancerConfig config;
  config.address = Address::v4(0x0a000001);
  config.vips = {{kVip, 6, 80}};
  config.tracking = tracking;
  config.flow_count_max = static_cast<std::uint32_t>(flows + flows / 3);
  config.backend_count_max = kBackends;
  Balancer balancer(config, policy::make({}));
  register_backends(balancer);

  std::vector<Verdict> verdicts(kBurst);
  Instant now{};
  // A flow is established when it was seen twice. The order differs from that of the measurement,
  // in which the table would else be walked from end to end.
  const std::vector<std::uint8_t> arrivals = segments(flows, 1);
  Burst arriving(arrivals);
  for (std::size_t i = 0; i < flows; i += kBurst) {
    balancer.on_burst(now, arriving.again(), verdicts);
    balancer.on_burst(now, arriving.next(), verdicts);
  }
  const std::vector<std::uint8_t> ring = segments(flows, 2);
  Burst burst(ring);
  if (tracking && balancer.flows().size() < flows)
    state.SkipWithError("not every flow is in the table");
  for (auto _ : state) {
    now += Duration{64 * 100};
    balancer.on_burst(now, burst.next(), verdicts);
    benchmark::DoNotOptimize(verdicts.data());
  }
  if (balancer.counters().dropped() != 0) state.SkipWithError("packets were dropped");
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(kBurst));
}

// The floor: the same copies, and one read of a cache line of a table of 64 bytes a flow, at
// random, prefetched a burst ahead.
void copy_and_read(benchmark::State& state) {
  const auto flows = static_cast<std::size_t>(state.range(0));
  const std::vector<std::uint8_t> ring = segments(flows, 1);
  Burst burst(ring);
  struct alignas(64) Line {
    std::uint64_t words[8];
  };
  std::vector<Line> table(flows, Line{{1, 2, 3, 4, 5, 6, 7, 8}});
  std::vector<std::size_t> places(kBurst);
  Rng rng(2);
  std::uint64_t sum = 0;
  for (auto _ : state) {
    const std::span<Packet> packets = burst.next();
    for (std::size_t i = 0; i < kBurst; ++i) {
      places[i] = rng.below(flows);
      __builtin_prefetch(&table[places[i]]);
    }
    for (std::size_t i = 0; i < kBurst; ++i)
      sum += table[places[i]].words[sum & 7] + packets[i].size();
  }
  benchmark::DoNotOptimize(sum);
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(kBurst));
}

BENCHMARK(copy_and_read)->Name("floor: copy and one read")->Arg(1000)->Arg(1000000);
BENCHMARK_CAPTURE(packet_path, tracked, true)
    ->Name("packet path, tracked")
    ->Arg(1000)
    ->Arg(1000000);
BENCHMARK_CAPTURE(packet_path, untracked, false)
    ->Name("packet path, untracked")
    ->Arg(1000)
    ->Arg(1000000);

}  // namespace
}  // namespace poise
