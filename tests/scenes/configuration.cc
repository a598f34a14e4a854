// The lines at the head of a scene: who is there and how they are configured.
#include "tests/scenes/configuration.h"

#include <map>
#include <optional>
#include <string>

#include "tests/scenes/text.h"

namespace poise::scene {
namespace {

using Setter = void (*)(Common&, std::string_view);

Address address(const std::string& text) {
  const std::optional<Address> parsed = Address::parse(text);
  if (!parsed) throw Wrong("`" + text + "` is no address");
  return *parsed;
}

std::uint32_t count(std::string_view value) {
  return static_cast<std::uint32_t>(number(value));
}

// Every key of `set`. What both machines have is set in both.
const std::map<std::string, Setter, std::less<>>& setters() {
  static const std::map<std::string, Setter, std::less<>> kSetters = {
      {"mtu", [](Common& c, std::string_view v) { c.balancer.mtu = c.agent.mtu = count(v); }},
      {"tracking", [](Common& c, std::string_view v) { c.balancer.tracking = on_or_off(v); }},
      {"hash_fields",
       [](Common& c, std::string_view v) {
         const auto fields = parse_flow_fields(v);
         if (!fields) throw Wrong("hash_fields is 3, 4, 5 or caplance");
         c.balancer.hash_fields = *fields;
       }},
      {"flow_count_max",
       [](Common& c, std::string_view v) { c.balancer.flow_count_max = count(v); }},
      {"backend_count_max",
       [](Common& c, std::string_view v) { c.balancer.backend_count_max = count(v); }},
      {"peer_count_max",
       [](Common& c, std::string_view v) { c.balancer.peer_count_max = count(v); }},
      {"timeout",
       [](Common& c, std::string_view v) { c.balancer.timeout = c.agent.timeout = duration(v); }},
      {"heartbeat", [](Common& c, std::string_view v) { c.agent.heartbeat = duration(v); }},
      {"reconnect", [](Common& c, std::string_view v) { c.agent.reconnect = duration(v); }},
      {"register_timeout",
       [](Common& c, std::string_view v) { c.balancer.register_timeout = duration(v); }},
      {"probe_interval",
       [](Common& c, std::string_view v) { c.balancer.probe_interval = duration(v); }},
      {"drain_timeout",
       [](Common& c, std::string_view v) { c.balancer.drain_timeout = duration(v); }},
      {"forget_timeout",
       [](Common& c, std::string_view v) { c.balancer.forget_timeout = duration(v); }},
      {"slow_start", [](Common& c, std::string_view v) { c.balancer.slow_start = duration(v); }},
      {"handshake_timeout",
       [](Common& c, std::string_view v) { c.balancer.flow_timeouts.handshake = duration(v); }},
      {"established_timeout",
       [](Common& c, std::string_view v) { c.balancer.flow_timeouts.established = duration(v); }},
      {"closing_timeout",
       [](Common& c, std::string_view v) { c.balancer.flow_timeouts.closing = duration(v); }},
      {"datagram_timeout",
       [](Common& c, std::string_view v) { c.balancer.flow_timeouts.datagram = duration(v); }},
      {"mirror", [](Common& c, std::string_view v) { c.balancer.mirror = on_or_off(v); }},
      {"replica_grace",
       [](Common& c, std::string_view v) { c.balancer.replica_grace = duration(v); }},
      {"clamp_mss", [](Common& c, std::string_view v) { c.balancer.clamp_mss = on_or_off(v); }},
      {"clamp_mss_agent", [](Common& c, std::string_view v) { c.agent.clamp_mss = on_or_off(v); }},
  };
  return kSetters;
}

Vip take_vip(Cursor& line) {
  Vip vip;
  vip.address = address(line.take_word());
  const std::string protocol = line.take_word();
  if (protocol != "tcp" && protocol != "udp") throw Wrong("a vip is tcp or udp");
  vip.protocol = protocol == "tcp" ? 6 : 17;
  vip.port =
      line.take("any") ? std::uint16_t{0} : static_cast<std::uint16_t>(line.take_number(65535));
  return vip;
}

void take_policy(Cursor& line, policy::Config& policy) {
  policy.kind = line.take_word();
  while (!line.at_end()) {
    if (line.take("table_size"))
      policy.table_size = static_cast<std::uint32_t>(line.take_number());
    else if (line.take("seed"))
      policy.seed = line.take_number();
    else
      throw Wrong("a policy has table_size and seed");
  }
}

BackendSetup take_backend(Cursor& line) {
  BackendSetup backend;
  backend.config.name = line.take_word();
  backend.config.address = address(line.take_word());
  if (line.take("weight")) backend.config.weight = static_cast<std::uint32_t>(line.take_number());
  if (line.take("replica ")) {
    backend.config.replica.pair = line.take_word();
    backend.config.replica.index = static_cast<std::uint8_t>(line.take_number(1));
  }
  backend.is_absent = line.take("absent");
  return backend;
}

}  // namespace

void Configuration::take(std::string_view text) {
  Cursor line(text);
  if (line.take("vip ")) {
    common_.balancer.vips.push_back(take_vip(line));
  } else if (line.take("balancer ")) {
    std::string name = line.take_word();
    balancers_.emplace_back(std::move(name), address(line.take_word()));
  } else if (line.take("backend ")) {
    backends_.push_back(take_backend(line));
  } else if (line.take("policy ")) {
    take_policy(line, policy_);
  } else if (line.take("encapsulation ")) {
    const auto encapsulation = wire::parse_encapsulation(line.take_word());
    if (!encapsulation) throw Wrong("encapsulation is caplance, gue, ipip or gre");
    common_.balancer.encapsulation = common_.agent.encapsulation = *encapsulation;
  } else if (line.take("set ")) {
    const std::string key = line.take_word();
    const auto setter = setters().find(key);
    if (setter == setters().end()) throw Wrong("`" + key + "` is no setting");
    setter->second(common_, line.take_word());
  } else {
    throw Wrong("`" + std::string(text) +
                "` is neither vip, balancer, backend, policy, encapsulation, set nor a time");
  }
  if (!line.at_end()) throw Wrong("`" + std::string(line.rest()) + "` is too much");
}

void Configuration::finish(Scene& scene) const {
  if (balancers_.empty() || common_.balancer.vips.empty())
    throw Wrong("a scene has a vip and a balancer");
  scene.policy = policy_;
  std::vector<Address> addresses;
  for (const auto& [name, address] : balancers_) {
    BalancerConfig config = common_.balancer;
    config.name = name;
    config.address = address;
    config.seed = addresses.size() + 1;
    addresses.push_back(address);
    scene.balancers.push_back(std::move(config));
  }
  for (const BackendSetup& setup : backends_) {
    BackendSetup backend{common_.agent, setup.is_absent};
    backend.config.name = setup.config.name;
    backend.config.address = setup.config.address;
    backend.config.weight = setup.config.weight;
    backend.config.replica = setup.config.replica;
    backend.config.balancers = addresses;
    backend.config.vips = common_.balancer.vips;
    backend.config.seed = scene.backends.size() + 1;
    scene.backends.push_back(std::move(backend));
  }
}

}  // namespace poise::scene
