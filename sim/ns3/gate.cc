// The gate between a node's devices and its IP stack.
#include "sim/ns3/gate.h"

#include <ns3/ipv4-header.h>
#include <ns3/ipv4-route.h>
#include <ns3/node.h>

#include "model/check.h"
#include "sim/ns3/ecmp_routing.h"

namespace ns3 {

namespace {
constexpr uint16_t kEtherIpv4 = 0x0800;
}  // namespace

NS_OBJECT_ENSURE_REGISTERED(PoiseGate);

TypeId PoiseGate::GetTypeId() {
  static TypeId tid = TypeId("ns3::PoiseGate")
                          .SetParent<Object>()
                          .SetGroupName("Poise")
                          .AddConstructor<PoiseGate>();
  return tid;
}

void PoiseGate::Install(Ptr<Node> node) {
  m_node = node;
  m_ipv4 = node->GetObject<Ipv4L3Protocol>();
  m_traffic = node->GetObject<TrafficControlLayer>();
  POISE_CHECK(m_ipv4 && m_traffic);
  // Interface 0 is the stack's own loopback, which keeps its callback.
  for (uint32_t i = 1; i < m_ipv4->GetNInterfaces(); ++i) {
    m_ipv4->GetNetDevice(i)->SetReceiveCallback(MakeCallback(&PoiseGate::Receive, this));
    if (!m_arrivedOn) m_arrivedOn = m_ipv4->GetNetDevice(i);
  }
}

bool PoiseGate::Receive(Ptr<NetDevice> device, Ptr<const Packet> packet, uint16_t protocol,
                        const Address& from) {
  if (protocol != kEtherIpv4) {
    m_traffic->Receive(device, packet, protocol, from, device->GetAddress(),
                       NetDevice::PACKET_HOST);
    return true;
  }
  m_arrivedOn = device;
  if (m_intercept && m_intercept(packet, device)) return true;
  m_ipv4->Receive(device, packet, protocol, from, device->GetAddress(), NetDevice::PACKET_HOST);
  return true;
}

void PoiseGate::Deliver(std::span<const uint8_t> datagram) {
  const Ptr<Packet> packet =
      Create<Packet>(datagram.data(), static_cast<uint32_t>(datagram.size()));
  m_ipv4->Receive(m_arrivedOn, packet, kEtherIpv4, m_arrivedOn->GetAddress(),
                  m_arrivedOn->GetAddress(), NetDevice::PACKET_HOST);
}

void PoiseGate::Transmit(std::span<const uint8_t> datagram) {
  const Ptr<Packet> packet =
      Create<Packet>(datagram.data(), static_cast<uint32_t>(datagram.size()));
  const Ptr<PoiseEcmpRouting> routing = DynamicCast<PoiseEcmpRouting>(m_ipv4->GetRoutingProtocol());
  if (!routing) return TransmitByStack(packet);
  NetDevice* device = routing->Lookup(datagram);
  if (!device) {
    ++m_noRoute;
  } else if (datagram.size() > device->GetMtu()) {
    ++m_tooBig;
  } else {
    device->Send(packet, device->GetBroadcast(), kEtherIpv4);
  }
}

// On a stranger's routing: its route, and the stack's own way of finding the next hop's address.
// The header is taken apart and put together again; what ns-3 knows of IPv4 survives that (options
// do not).
void PoiseGate::TransmitByStack(Ptr<Packet> packet) {
  Ipv4Header header;
  packet->RemoveHeader(header);
  header.EnableChecksum();
  Socket::SocketErrno error = Socket::ERROR_NOTERROR;
  const Ptr<Ipv4Route> route =
      m_ipv4->GetRoutingProtocol()->RouteOutput(packet, header, nullptr, error);
  if (!route) {
    ++m_noRoute;
    return;
  }
  m_ipv4->SendWithHeader(packet, header, route);
}

void PoiseGate::DoDispose() {
  m_intercept = nullptr;
  m_node = nullptr;
  m_ipv4 = nullptr;
  m_traffic = nullptr;
  m_arrivedOn = nullptr;
  Object::DoDispose();
}

}  // namespace ns3
