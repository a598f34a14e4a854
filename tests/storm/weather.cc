// Draws a storm: small machines with timers of milliseconds, so that much happens in a second.
#include "tests/storm/weather.h"

#include <string>

#include "model/random.h"

namespace poise::storm {
namespace {

using std::chrono::milliseconds;

constexpr std::uint64_t kWeatherStream = 10;

template <class T>
T pick(Rng& rng, std::initializer_list<T> choices) {
  return choices.begin()[rng.below(choices.size())];
}

// 10.0.0.x or 2001:db8::x of one of a few networks.
Address address(bool v4, std::uint32_t network, std::uint32_t host) {
  if (v4) return Address::v4(0x0a000000 | network << 16 | host);
  std::array<std::uint8_t, 16> bytes = {0x20, 0x01, 0x0d, 0xb8};
  bytes[5] = static_cast<std::uint8_t>(network);
  bytes[14] = static_cast<std::uint8_t>(host >> 8);
  bytes[15] = static_cast<std::uint8_t>(host);
  return Address::v6(bytes);
}

BalancerConfig draw_balancer(Rng& rng, Weather& weather) {
  BalancerConfig config;
  config.vips = {weather.vip};
  config.encapsulation = pick(rng, {wire::Encapsulation::gue, wire::Encapsulation::caplance,
                                    wire::Encapsulation::ipip, wire::Encapsulation::gre});
  config.hash_fields = pick(rng, {FlowFields::five, FlowFields::five, FlowFields::four,
                                  FlowFields::three, FlowFields::caplance});
  config.hash_seed = rng.next();
  config.tracking = rng.below(5) != 0;
  weather.is_roomy = rng.below(3) != 0;
  config.flow_count_max = weather.is_roomy ? 1024 : 8 + static_cast<std::uint32_t>(rng.below(40));
  config.flow_timeouts = {.closing = milliseconds{300},
                          .handshake = milliseconds{400},
                          .datagram = milliseconds{500},
                          .established = milliseconds{600}};
  config.backend_count_max = rng.below(8) == 0 ? 3 : 16;
  config.peer_count_max = rng.below(8) == 0 ? 6 : 64;
  config.timeout = milliseconds{100};
  config.register_timeout = milliseconds{300};
  config.probe_interval = milliseconds{15};
  config.drain_timeout = milliseconds{150};
  config.forget_timeout = milliseconds{rng.below(2) == 0 ? 200 : 5000};
  config.slow_start = milliseconds{rng.below(3) == 0 ? 80 : 0};
  config.clamp_mss = rng.below(2) == 0;
  config.mtu = rng.below(2) == 0 ? 1500 : 1400;
  config.mirror = rng.below(2) == 0;
  config.replica_grace = milliseconds{rng.below(3) == 0 ? 20 : 150};
  return config;
}

void draw_agents(Rng& rng, bool v4, Weather& weather) {
  const BalancerConfig& balancer = weather.balancers[0];
  const std::uint64_t count = 4 + rng.below(5);
  for (std::uint32_t i = 0; i < count; ++i) {
    AgentConfig config;
    config.name = "web" + std::to_string(i + 1);
    config.address = address(v4, 1, i + 1);
    config.weight = rng.below(3) == 0 ? 1 + static_cast<std::uint32_t>(rng.below(4)) : 1;
    for (const BalancerConfig& known : weather.balancers) config.balancers.push_back(known.address);
    config.vips = balancer.vips;
    config.encapsulation = balancer.encapsulation;
    config.mtu = balancer.mtu;
    config.heartbeat = milliseconds{20};
    config.timeout = milliseconds{100};
    config.reconnect = milliseconds{20};
    config.reconnect_max = milliseconds{160};
    config.seed = rng.next();
    if (weather.has_pair && i < kPairSize) config.replica = {kPair, static_cast<std::uint8_t>(i)};
    weather.agents.push_back(std::move(config));
  }
}

}  // namespace

Weather draw(std::uint64_t seed) {
  Rng rng(seed, kWeatherStream);
  Weather weather;
  weather.seed = seed;
  const bool v4 = rng.below(4) != 0;
  weather.vip = {address(v4, 255, 1), rng.below(4) == 0 ? std::uint8_t{17} : std::uint8_t{6},
                 rng.below(4) == 0 ? std::uint16_t{0} : std::uint16_t{80}};
  const BalancerConfig common = draw_balancer(rng, weather);
  const std::uint64_t balancers = 2 + rng.below(2);
  for (std::uint32_t i = 0; i < balancers; ++i) {
    BalancerConfig config = common;
    config.name = "lb" + std::to_string(i + 1);
    config.address = address(v4, 0, i + 1);
    config.seed = rng.next();
    weather.balancers.push_back(std::move(config));
  }
  weather.has_pair = rng.below(2) == 0;
  draw_agents(rng, v4, weather);
  const std::span<const policy::Entry> kinds = policy::catalogue();
  weather.policy.kind = kinds[rng.below(kinds.size())].kind;
  weather.policy.table_size = 251;
  weather.policy.virtual_nodes = 20;
  weather.policy.seed = rng.next();
  const std::uint64_t harshness = rng.below(4);  // 0: a fair day
  weather.wires = {.delay_max = milliseconds{rng.below(5)},
                   .loss = 0.06 * static_cast<double>(harshness),
                   .duplicate = 0.04 * static_cast<double>(harshness),
                   .cut = rng.below(2) == 0 ? 0.0 : 0.1};
  const std::uint64_t clients = 4 + rng.below(20);
  for (std::uint32_t i = 0; i < clients; ++i)
    weather.clients.push_back(
        {address(v4, 2, 1 + i % 5), static_cast<std::uint16_t>(1024 + rng.below(60000))});
  weather.duration = milliseconds{600};
  weather.calm = milliseconds{1500};
  weather.packet_interval = std::chrono::microseconds{800};
  weather.fault_interval = milliseconds{pick(rng, {8, 20, 60})};
  weather.is_recorded = seed % 16 == 0;
  return weather;
}

}  // namespace poise::storm
