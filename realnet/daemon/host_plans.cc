// What a role changes on its host.
#include "realnet/daemon/host_plans.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "model/wire/encapsulation.h"
#include "realnet/host/interface.h"

namespace poise::realnet {

namespace {

WhenDeaf when_deaf(const PacketSettings& settings) {
  return settings.fail == Fail::open ? WhenDeaf::pass : WhenDeaf::drop;
}

std::optional<std::uint16_t> port_of(const Vip& vip) {
  return vip.port == 0 ? std::nullopt : std::optional(vip.port);
}

void append(std::vector<SysctlSetting>& all, std::vector<SysctlSetting> more) {
  all.insert(all.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
}

std::vector<Address> vip_addresses(const std::vector<Vip>& vips) {
  std::vector<Address> addresses;
  for (const Vip& vip : vips)
    if (std::ranges::find(addresses, vip.address) == addresses.end())
      addresses.push_back(vip.address);
  return addresses;
}

// The answers whose MSS an agent clamps. Without an agent they leave as they are: a large MSS
// breaks less than a dropped answer.
RulesConfig answers_of(const AgentSettings& settings) {
  RulesConfig rules{.part = "out",
                    .hook = RulesHook::output,
                    .queue_first = static_cast<std::uint16_t>(settings.packets.first_queue),
                    .when_deaf = WhenDeaf::pass,
                    .untracked = false};
  for (const Vip& vip : settings.machine.vips)
    if (vip.protocol == wire::protocol::kTcp)
      rules.matches.push_back(Match::syn_ack_from(vip.address, port_of(vip)));
  return rules;
}

}  // namespace

std::string tunnel_interface(const std::string& given, const Address& address) {
  if (!given.empty()) return given;
  for (const InterfaceAddress& has : interface_addresses())
    if (has.address == address)
      for (const Interface& interface : interfaces())
        if (interface.index == has.interface_index && !interface.is_loopback) return interface.name;
  return "all";
}

std::vector<Match> tunnels_of(const AgentConfig& config) {
  switch (config.encapsulation) {
    case wire::Encapsulation::caplance:
      return {Match::udp_tunnel(config.address, wire::kCaplancePort)};
    case wire::Encapsulation::gue:
      return {Match::udp_tunnel(config.address, wire::kGuePort)};
    case wire::Encapsulation::ipip:
      return {Match::ip_tunnel(config.address, wire::protocol::kIpv4),
              Match::ip_tunnel(config.address, wire::protocol::kIpv6)};
    case wire::Encapsulation::gre:
      return {Match::ip_tunnel(config.address, wire::protocol::kGre)};
  }
  return {};
}

HostPlan host_plan(const BalancerSettings& settings) {
  HostPlan plan;
  const std::string interface = tunnel_interface(settings.interface, settings.machine.address);
  if (settings.packets.emit != Emit::raw) {
    append(plan.sysctls, forward_from(interface, settings.machine.address.family()));
    append(plan.sysctls, accept_own_source(interface));
  }
  if (settings.packets.rules) {
    RulesConfig rules{.queue_first = static_cast<std::uint16_t>(settings.packets.first_queue),
                      .queue_count = static_cast<std::uint16_t>(settings.packets.queues),
                      .by_cpu = settings.packets.spread == Spread::core,
                      .when_deaf = when_deaf(settings.packets)};
    for (const Vip& vip : settings.machine.vips)
      rules.matches.push_back(Match::vip(vip.address, vip.protocol, port_of(vip)));
    plan.rules.push_back(std::move(rules));
  }
  if (settings.attach)
    for (const Address& address : vip_addresses(settings.machine.vips))
      plan.vips.push_back({address, settings.interface});
  return plan;
}

HostPlan host_plan(const AgentSettings& settings, bool with_vips) {
  HostPlan plan;
  const std::string interface = tunnel_interface(settings.interface, settings.machine.address);
  append(plan.sysctls, quiet_arp(interface));
  append(plan.sysctls, loose_reverse_path(interface));
  if (settings.packets.rules) {
    plan.rules.push_back({.part = "in",
                          .matches = tunnels_of(settings.machine),
                          .queue_first = static_cast<std::uint16_t>(settings.packets.first_queue),
                          .when_deaf = when_deaf(settings.packets),
                          // What comes out of the tunnel is for the host's own firewall to track.
                          .untracked = false});
    RulesConfig answers = answers_of(settings);
    if (settings.machine.clamp_mss && !answers.matches.empty())
      plan.rules.push_back(std::move(answers));
  }
  if (settings.attach && with_vips)
    for (const Address& address : vip_addresses(settings.machine.vips))
      plan.vips.push_back({address, "lo"});
  return plan;
}

bool holds_vips(const AgentSettings& settings) {
  const std::vector<InterfaceAddress> present = interface_addresses();
  return std::ranges::all_of(vip_addresses(settings.machine.vips), [&](const Address& vip) {
    return std::ranges::any_of(present, [&](const auto& has) { return has.address == vip; });
  });
}

}  // namespace poise::realnet
