// One end of a link: a point-to-point device that can lose its carrier, and lets others watch it.
#pragma once

#include <cstdint>
#include <functional>

#include <ns3/packet.h>
#include <ns3/point-to-point-net-device.h>
#include <ns3/type-id.h>

namespace ns3 {

// Without carrier everything is lost and nobody is told: what is sent, what is queued, and what
// arrives. That is how dead hosts, cut links and partitions look from both sides; ns-3's own
// Ipv4::SetDown would tell the sender at once.
class PoisePort : public PointToPointNetDevice {
 public:
  static TypeId GetTypeId();

  // A tap sees every IP datagram that passes: before it is queued, and when it has arrived.
  using Tap = std::function<void(Ptr<const Packet> datagram)>;

  void SetCarrier(bool carrier);
  bool HasCarrier() const { return m_carrier; }
  void SetTap(Tap tap) { m_tap = std::move(tap); }

  uint64_t GetLostWithoutCarrier() const { return m_lost; }

  bool Send(Ptr<Packet> packet, const Address& dest, uint16_t protocolNumber) override;
  void SetReceiveCallback(NetDevice::ReceiveCallback callback) override;

 private:
  bool Arrive(Ptr<NetDevice> device, Ptr<const Packet> packet, uint16_t protocol,
              const Address& from);
  void Lose(Ptr<const Packet> packet);

  bool m_carrier = true;
  uint64_t m_lost = 0;
  Tap m_tap;
  NetDevice::ReceiveCallback m_above;
  TracedCallback<Ptr<const Packet>> m_lostTrace;
};

}  // namespace ns3
