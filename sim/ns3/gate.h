// The gate between a node's devices and its IP stack: here a machine meets raw datagrams.
#pragma once

#include <cstdint>
#include <functional>
#include <span>

#include <ns3/ipv4-l3-protocol.h>
#include <ns3/net-device.h>
#include <ns3/object.h>
#include <ns3/packet.h>
#include <ns3/traffic-control-layer.h>

namespace ns3 {

// Aggregated to a node that has an IPv4 stack. Every datagram that arrives is first offered to the
// intercept, whole, as it was on the wire; what it does not take goes to the stack. Works over any
// device; other protocols (ARP) pass.
class PoiseGate : public Object {
 public:
  // True: taken.
  using Intercept = std::function<bool(Ptr<const Packet> datagram, Ptr<NetDevice> device)>;

  static TypeId GetTypeId();

  // Takes the receive callbacks of all devices that the node's IPv4 stack has. Call once they
  // stand.
  void Install(Ptr<Node> node);
  void SetIntercept(Intercept intercept) { m_intercept = std::move(intercept); }

  // Hands a datagram to the node's own stack, as if it had just arrived.
  void Deliver(std::span<const uint8_t> datagram);
  // Sends a datagram, byte for byte, where the node's routing says.
  void Transmit(std::span<const uint8_t> datagram);

  // What Transmit could not send, by reason.
  uint64_t GetNoRouteCount() const { return m_noRoute; }
  uint64_t GetTooBigCount() const { return m_tooBig; }

 protected:
  void DoDispose() override;

 private:
  bool Receive(Ptr<NetDevice> device, Ptr<const Packet> packet, uint16_t protocol,
               const Address& from);
  void TransmitByStack(Ptr<Packet> packet);

  Ptr<Node> m_node;
  Ptr<Ipv4L3Protocol> m_ipv4;
  Ptr<TrafficControlLayer> m_traffic;
  Ptr<NetDevice> m_arrivedOn;  // where the last datagram came in
  Intercept m_intercept;
  uint64_t m_noRoute = 0;
  uint64_t m_tooBig = 0;
};

}  // namespace ns3
