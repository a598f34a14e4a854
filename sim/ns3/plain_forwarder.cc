// A plain ns-3 router with static tunnels, for comparison.
#include "sim/ns3/plain_forwarder.h"

#include <algorithm>
#include <array>

#include <ns3/header.h>
#include <ns3/ipv4-route.h>
#include <ns3/ipv4-routing-protocol.h>
#include <ns3/node.h>
#include <ns3/udp-header.h>

#include "model/check.h"

namespace ns3 {

namespace {

using poise::wire::Encapsulation;

// The four bytes of GUE or GRE in front of an IPv4 datagram.
class TunnelWord : public Header {
 public:
  TunnelWord() = default;
  explicit TunnelWord(uint32_t word) : m_word(word) {}
  static TypeId GetTypeId() {
    static TypeId tid = TypeId("ns3::PoiseTunnelWord").SetParent<Header>();
    return tid;
  }
  TypeId GetInstanceTypeId() const override { return GetTypeId(); }
  uint32_t GetSerializedSize() const override { return 4; }
  void Serialize(Buffer::Iterator start) const override { start.WriteHtonU32(m_word); }
  uint32_t Deserialize(Buffer::Iterator start) override {
    m_word = start.ReadNtohU32();
    return 4;
  }
  void Print(std::ostream& out) const override { out << m_word; }

 private:
  uint32_t m_word = 0;
};

constexpr uint32_t kGueIpv4 = 0x00040000;
constexpr uint32_t kGreIpv4 = 0x00000800;
constexpr uint8_t kIpip = 4;
constexpr uint8_t kUdp = 17;
constexpr uint8_t kGre = 47;

}  // namespace

NS_OBJECT_ENSURE_REGISTERED(PoisePlainForwarder);

TypeId PoisePlainForwarder::GetTypeId() {
  static TypeId tid = TypeId("ns3::PoisePlainForwarder")
                          .SetParent<Object>()
                          .SetGroupName("Poise")
                          .AddConstructor<PoisePlainForwarder>();
  return tid;
}

void PoisePlainForwarder::Configure(Ipv4Address own, std::vector<Ipv4Address> vips,
                                    std::vector<Ipv4Address> backends,
                                    Encapsulation encapsulation) {
  POISE_CHECK(!backends.empty());
  m_own = own;
  m_vips = std::move(vips);
  m_backends = std::move(backends);
  m_encapsulation = encapsulation;
}

void PoisePlainForwarder::Boot() {
  m_ipv4 = GetObject<Ipv4L3Protocol>();
  GetObject<PoiseGate>()->SetIntercept(
      [this](Ptr<const Packet> datagram, Ptr<NetDevice>) { return Intercept(datagram); });
}

bool PoisePlainForwarder::Intercept(Ptr<const Packet> datagram) {
  const Ptr<Packet> packet = datagram->Copy();
  Ipv4Header inner;
  inner.EnableChecksum();
  packet->RemoveHeader(inner);
  if (std::find(m_vips.begin(), m_vips.end(), inner.GetDestination()) == m_vips.end()) return false;
  if (!inner.IsChecksumOk() || inner.GetTtl() <= 1) return true;
  std::array<uint8_t, 2> port{};
  packet->CopyData(port.data(), 2);
  const std::size_t source_port = static_cast<std::size_t>(port[0]) << 8 | port[1];
  const Ipv4Address backend = m_backends[source_port % m_backends.size()];
  inner.SetTtl(static_cast<uint8_t>(inner.GetTtl() - 1));
  packet->AddHeader(inner);

  uint8_t protocol = kIpip;
  if (m_encapsulation == Encapsulation::gue) packet->AddHeader(TunnelWord(kGueIpv4));
  if (m_encapsulation == Encapsulation::gre) {
    packet->AddHeader(TunnelWord(kGreIpv4));
    protocol = kGre;
  }
  if (m_encapsulation == Encapsulation::gue || m_encapsulation == Encapsulation::caplance) {
    UdpHeader udp;
    udp.SetSourcePort(static_cast<uint16_t>(source_port | 0xc000));
    udp.SetDestinationPort(m_encapsulation == Encapsulation::gue ? poise::wire::kGuePort
                                                                 : poise::wire::kCaplancePort);
    packet->AddHeader(udp);
    protocol = kUdp;
  }
  Ipv4Header outer;
  outer.SetSource(m_own);
  outer.SetDestination(backend);
  outer.SetProtocol(protocol);
  Socket::SocketErrno error = Socket::ERROR_NOTERROR;
  const Ptr<Ipv4Route> route =
      m_ipv4->GetRoutingProtocol()->RouteOutput(packet, outer, nullptr, error);
  if (route) m_ipv4->Send(packet, m_own, backend, protocol, route);
  return true;
}

}  // namespace ns3
