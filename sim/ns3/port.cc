// One end of a link: the carrier, and what is lost without it.
#include "sim/ns3/port.h"

#include <ns3/boolean.h>
#include <ns3/queue.h>
#include <ns3/trace-source-accessor.h>

namespace ns3 {

NS_OBJECT_ENSURE_REGISTERED(PoisePort);

TypeId PoisePort::GetTypeId() {
  static TypeId tid =
      TypeId("ns3::PoisePort")
          .SetParent<PointToPointNetDevice>()
          .SetGroupName("Poise")
          .AddConstructor<PoisePort>()
          .AddAttribute("Carrier", "False: everything sent, queued or arriving is lost, silently.",
                        BooleanValue(true),
                        MakeBooleanAccessor(&PoisePort::SetCarrier, &PoisePort::HasCarrier),
                        MakeBooleanChecker())
          .AddTraceSource("Lost", "A datagram was lost for want of a carrier.",
                          MakeTraceSourceAccessor(&PoisePort::m_lostTrace),
                          "ns3::Packet::TracedCallback");
  return tid;
}

void PoisePort::SetCarrier(bool carrier) {
  m_carrier = carrier;
  if (carrier || !GetQueue()) return;
  while (Ptr<Packet> packet = GetQueue()->Remove()) Lose(packet);
}

bool PoisePort::Send(Ptr<Packet> packet, const Address& dest, uint16_t protocolNumber) {
  if (!m_carrier) {
    Lose(packet);
    return true;  // the sender must not notice
  }
  if (m_tap) m_tap(packet);
  return PointToPointNetDevice::Send(packet, dest, protocolNumber);
}

void PoisePort::SetReceiveCallback(NetDevice::ReceiveCallback callback) {
  m_above = callback;
  PointToPointNetDevice::SetReceiveCallback(MakeCallback(&PoisePort::Arrive, this));
}

bool PoisePort::Arrive(Ptr<NetDevice> device, Ptr<const Packet> packet, uint16_t protocol,
                       const Address& from) {
  if (!m_carrier) {
    Lose(packet);
    return true;
  }
  if (m_tap) m_tap(packet);
  return m_above(device, packet, protocol, from);
}

void PoisePort::Lose(Ptr<const Packet> packet) {
  ++m_lost;
  m_lostTrace(packet);
}

}  // namespace ns3
