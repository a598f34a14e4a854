// Joins the hosts' TAP devices to the ports of the plan's network, under the wall clock.
#include "sim/ns3/emu.h"

#include <algorithm>
#include <string>

#include <ns3/fd-net-device.h>
#include <ns3/global-value.h>
#include <ns3/mac48-address.h>
#include <ns3/node.h>
#include <ns3/realtime-simulator-impl.h>
#include <ns3/rng-seed-manager.h>
#include <ns3/simulator.h>
#include <ns3/string.h>

#include "model/scenario/topology.h"
#include "sim/ns3/check_links.h"
#include "sim/ns3/convert.h"
#include "sim/ns3/host_stack.h"

namespace poise::ns3world {

namespace {

using ns3::Ptr;

constexpr std::uint16_t kIpv4 = 0x0800;
constexpr Duration kLookInterval = std::chrono::milliseconds{1};

ns3::Mac48Address address_of(const std::array<std::uint8_t, 6>& bytes) {
  ns3::Mac48Address address;
  address.CopyFrom(bytes.data());
  return address;
}

class Emulation {
 public:
  Emulation(const scenario::Plan& plan, const EmulationOptions& options)
      : options_(options), topology_(plan.topology), network_(plan, topology_) {
    for (const Tap& tap : options.taps) join(tap, plan.service.mtu);
    ns3::Simulator::ScheduleNow([this] {
      options_.on_ready();
      look();
    });
  }

  EmulationReport run() {
    ns3::Simulator::Run();
    report_.losses = network_.losses();
    return report_;
  }

 private:
  // The host's node in ns-3 is a plug: nothing of its stack is used.
  void join(const Tap& tap, std::uint32_t mtu) {
    const Ptr<ns3::Node> node = network_.node(tap.host);
    const Ptr<ns3::PoisePort> port = network_.ports(tap.host).at(0);
    const Ptr<ns3::FdNetDevice> device = ns3::CreateObject<ns3::FdNetDevice>();
    device->SetAddress(address_of(tap.network_address));
    device->SetMtu(static_cast<std::uint16_t>(mtu));
    device->SetEncapsulationMode(ns3::FdNetDevice::DIX);
    device->SetFileDescriptor(tap.descriptor);
    node->AddDevice(device);
    device->SetReceiveCallback([this, port](Ptr<ns3::NetDevice>, Ptr<const ns3::Packet> packet,
                                            std::uint16_t protocol, const ns3::Address&) {
      if (protocol != kIpv4) return false;
      ++report_.from_hosts;
      return port->Send(packet->Copy(), port->GetBroadcast(), kIpv4);
    });
    const ns3::Mac48Address host = address_of(tap.host_address);
    port->SetReceiveCallback([this, device, host](Ptr<ns3::NetDevice>,
                                                  Ptr<const ns3::Packet> packet,
                                                  std::uint16_t protocol, const ns3::Address&) {
      ++(device->Send(packet->Copy(), host, protocol) ? report_.to_hosts : report_.not_taken);
      return true;
    });
  }

  void look() {
    const auto simulator =
        ns3::DynamicCast<ns3::RealtimeSimulatorImpl>(ns3::Simulator::GetImplementation());
    const Duration late{(simulator->RealtimeNow() - ns3::Simulator::Now()).GetNanoSeconds()};
    ++report_.looks;
    report_.looks_late += late > kLate;
    report_.latest = std::max(report_.latest, late);
    if (!options_.obey(network_)) return ns3::Simulator::Stop();
    // From now, not from when this look was due: a late one is not made up for.
    ns3::Simulator::Schedule(to_ns3(std::max(Duration{}, late) + kLookInterval),
                             [this] { look(); });
  }

  const EmulationOptions& options_;
  scenario::Topology topology_;
  Network network_;
  EmulationReport report_;
};

}  // namespace

EmulationReport emulate(const scenario::Plan& plan, const EmulationOptions& options) {
  check_links(scenario::Topology(plan.topology));
  ns3::GlobalValue::Bind("SimulatorImplementationType",
                         ns3::StringValue("ns3::RealtimeSimulatorImpl"));
  ns3::RngSeedManager::SetSeed(static_cast<std::uint32_t>(plan.seed % 4'294'944'442u + 1));
  ns3::RngSeedManager::SetRun(plan.run);
  set_linux_profile(plan.service.mtu);
  return Emulation(plan, options).run();
}

}  // namespace poise::ns3world
