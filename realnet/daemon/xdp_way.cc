// AF_XDP beside a role's queues.
#include "realnet/daemon/xdp_way.h"

#include <utility>

#include "realnet/daemon/host_plans.h"
#include "realnet/system/error.h"

namespace poise::realnet {

XdpWay::XdpWay(const BalancerSettings& settings) {
  if (settings.packets.from != From::xdp) return;
  std::vector<XdpTarget> targets;
  for (const Vip& vip : settings.machine.vips)
    targets.push_back({vip.address, vip.protocol, vip.port});
  make(tunnel_interface(settings.interface, settings.machine.address), targets,
       settings.packets.queues);
}

XdpWay::XdpWay(const AgentSettings& settings) {
  if (settings.packets.from != From::xdp) return;
  std::vector<XdpTarget> targets;
  for (const Match& match : tunnels_of(settings.machine))
    targets.push_back({*match.destination, *match.protocol, match.port.value_or(0)});
  make(tunnel_interface(settings.interface, settings.machine.address), targets,
       settings.packets.queues);
}

void XdpWay::make(const std::string& device, const std::vector<XdpTarget>& targets,
                  std::uint32_t shard_count) {
  if (device == "all")
    throw SystemError("take packets by AF_XDP", "no device has the address; name the interface");
  const Interface interface = interface_named(device);
  device_ = device;
  rings_.resize(shard_count);
  std::vector<XdpRing*> all;
  for (unsigned queue = 0; queue < device_queue_count(interface); ++queue) {
    Intake::Rings& rings = rings_[queue % shard_count];
    rings.push_back(std::make_unique<XdpRing>(interface, queue));
    all.push_back(rings.back().get());
  }
  ring_count_ = all.size();
  filter_.emplace(interface, targets, all);
}

Intake::Rings XdpWay::take_rings(std::uint32_t shard) {
  return rings_.empty() ? Intake::Rings{} : std::move(rings_[shard]);
}

void XdpWay::open(Log& log) {
  if (!filter_) return;
  filter_->open();
  log.event("xdp", {{"device", device_}, {"rings", ring_count_}});
}

}  // namespace poise::realnet
