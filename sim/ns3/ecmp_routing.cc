// Routing with equal-cost paths per flow: rendezvous or modulo over the ways to a destination.
#include "sim/ns3/ecmp_routing.h"

#include <array>

#include <ns3/boolean.h>
#include <ns3/enum.h>
#include <ns3/ipv4-header.h>
#include <ns3/ipv4-route.h>
#include <ns3/ipv4.h>
#include <ns3/net-device.h>
#include <ns3/output-stream-wrapper.h>
#include <ns3/packet.h>
#include <ns3/trace-source-accessor.h>
#include <ns3/uinteger.h>

#include "model/random.h"

namespace ns3 {

namespace {

constexpr uint8_t kTcp = 6;
constexpr uint8_t kUdp = 17;

uint32_t ReadWord(std::span<const uint8_t> bytes, std::size_t at) {
  return static_cast<uint32_t>(bytes[at]) << 24 | static_cast<uint32_t>(bytes[at + 1]) << 16 |
         static_cast<uint32_t>(bytes[at + 2]) << 8 | bytes[at + 3];
}

}  // namespace

NS_OBJECT_ENSURE_REGISTERED(PoiseEcmpRouting);

TypeId PoiseEcmpRouting::GetTypeId() {
  static TypeId tid =
      TypeId("ns3::PoiseEcmpRouting")
          .SetParent<Ipv4RoutingProtocol>()
          .SetGroupName("Poise")
          .AddConstructor<PoiseEcmpRouting>()
          .AddAttribute("Seed", "Of the flow hash; routers that must agree share it.",
                        UintegerValue(0), MakeUintegerAccessor(&PoiseEcmpRouting::m_seed),
                        MakeUintegerChecker<uint64_t>())
          .AddAttribute("Mode", "How the flow's hash picks a way.", EnumValue(RESILIENT),
                        MakeEnumAccessor(&PoiseEcmpRouting::m_mode),
                        MakeEnumChecker(RESILIENT, "Resilient", MODULO, "Modulo"))
          .AddAttribute("Forwarding", "False: a host, which forwards nothing for others.",
                        BooleanValue(true), MakeBooleanAccessor(&PoiseEcmpRouting::m_forwarding),
                        MakeBooleanChecker())
          .AddTraceSource("NoWay", "A datagram had nowhere to go.",
                          MakeTraceSourceAccessor(&PoiseEcmpRouting::m_noWayTrace),
                          "ns3::Ipv4Header::TracedCallback");
  return tid;
}

void PoiseEcmpRouting::SetWays(Ipv4Address destination, std::span<const Way> ways) {
  std::vector<Choice>& choices = m_choices[destination.Get()];
  choices.clear();
  for (const Way& way : ways)
    for (uint32_t i = 0; i < way.weight; ++i)
      choices.push_back(Choice{way.device, poise::mix64(way.key + (uint64_t{i} << 32))});
}

void PoiseEcmpRouting::SetDefaultWay(Ptr<NetDevice> device) {
  m_default = device;
}

void PoiseEcmpRouting::Clear() {
  m_choices.clear();
  m_default = nullptr;
}

NetDevice* PoiseEcmpRouting::Choose(const Flow& flow) const {
  const auto found = m_choices.find(flow.destination);
  if (found == m_choices.end() || found->second.empty()) {
    if (found == m_choices.end() && m_default) return PeekPointer(m_default);
    ++m_noWay;
    return nullptr;
  }
  const std::vector<Choice>& choices = found->second;
  if (choices.size() == 1) return PeekPointer(choices.front().device);
  uint64_t hash = poise::mix64(m_seed ^ (uint64_t{flow.source} << 32 | flow.destination));
  hash = poise::mix64(hash ^ (uint64_t{flow.ports} << 8 | flow.protocol));
  if (m_mode == MODULO) return PeekPointer(choices[hash % choices.size()].device);
  const Choice* best = nullptr;
  uint64_t best_score = 0;
  for (const Choice& choice : choices) {
    const uint64_t score = poise::mix64(hash ^ choice.key);
    if (best && score <= best_score) continue;
    best = &choice;
    best_score = score;
  }
  return PeekPointer(best->device);
}

NetDevice* PoiseEcmpRouting::Lookup(std::span<const uint8_t> datagram) const {
  if (datagram.size() < 20) return nullptr;
  Flow flow{ReadWord(datagram, 12), ReadWord(datagram, 16), 0, datagram[9]};
  const std::size_t header_size = std::size_t{datagram[0] & 0x0fu} * 4;
  const bool whole = (ReadWord(datagram, 4) & 0x3fff) == 0;
  if ((flow.protocol == kTcp || flow.protocol == kUdp) && whole &&
      datagram.size() >= header_size + 4)
    flow.ports = ReadWord(datagram, header_size);
  return Choose(flow);
}

PoiseEcmpRouting::Flow PoiseEcmpRouting::FlowOf(Ptr<const Packet> payload,
                                                const Ipv4Header& header) {
  Flow flow{header.GetSource().Get(), header.GetDestination().Get(), 0, header.GetProtocol()};
  const bool has_ports = flow.protocol == kTcp || flow.protocol == kUdp;
  const bool whole = header.IsLastFragment() && header.GetFragmentOffset() == 0;
  std::array<uint8_t, 4> ports{};
  if (has_ports && whole && payload && payload->CopyData(ports.data(), 4) == 4)
    flow.ports = ReadWord(ports, 0);
  return flow;
}

Ptr<Ipv4Route> PoiseEcmpRouting::MakeRoute(Ptr<NetDevice> device, const Ipv4Header& header) const {
  Ptr<Ipv4Route> route = Create<Ipv4Route>();
  route->SetDestination(header.GetDestination());
  route->SetSource(m_address);
  route->SetGateway(Ipv4Address::GetZero());
  route->SetOutputDevice(device);
  return route;
}

Ptr<Ipv4Route> PoiseEcmpRouting::RouteOutput(Ptr<Packet> packet, const Ipv4Header& header,
                                             Ptr<NetDevice>, Socket::SocketErrno& error) {
  error = Socket::ERROR_NOTERROR;
  if (IsLocal(header.GetDestination())) return MakeRoute(m_ipv4->GetNetDevice(0), header);
  NetDevice* device = Choose(FlowOf(packet, header));
  if (!device) {
    error = Socket::ERROR_NOROUTETOHOST;
    m_noWayTrace(header);
    return nullptr;
  }
  return MakeRoute(Ptr<NetDevice>(device), header);
}

bool PoiseEcmpRouting::RouteInput(Ptr<const Packet> packet, const Ipv4Header& header,
                                  Ptr<const NetDevice> device, UnicastForwardCallback forward,
                                  MulticastForwardCallback, LocalDeliverCallback deliver,
                                  ErrorCallback refuse) {
  if (IsLocal(header.GetDestination())) {
    deliver(packet, header, static_cast<uint32_t>(m_ipv4->GetInterfaceForDevice(device)));
    return true;
  }
  NetDevice* out = m_forwarding ? Choose(FlowOf(packet, header)) : nullptr;
  if (!out) {
    m_noWayTrace(header);
    refuse(packet, header, Socket::ERROR_NOROUTETOHOST);
    return false;
  }
  forward(MakeRoute(Ptr<NetDevice>(out), header), packet, header);
  return true;
}

void PoiseEcmpRouting::NotifyInterfaceUp(uint32_t) {}
void PoiseEcmpRouting::NotifyInterfaceDown(uint32_t) {}

void PoiseEcmpRouting::NotifyAddAddress(uint32_t, Ipv4InterfaceAddress address) {
  m_local.insert(address.GetLocal().Get());
  if (m_address == Ipv4Address::GetLoopback()) m_address = address.GetLocal();
}

void PoiseEcmpRouting::NotifyRemoveAddress(uint32_t, Ipv4InterfaceAddress address) {
  m_local.erase(address.GetLocal().Get());
}

void PoiseEcmpRouting::SetIpv4(Ptr<Ipv4> ipv4) {
  m_ipv4 = ipv4;
}

void PoiseEcmpRouting::PrintRoutingTable(Ptr<OutputStreamWrapper> stream, Time::Unit) const {
  *stream->GetStream() << "PoiseEcmpRouting: " << m_choices.size() << " destinations\n";
}

void PoiseEcmpRouting::DoDispose() {
  Clear();
  m_ipv4 = nullptr;
  Ipv4RoutingProtocol::DoDispose();
}

}  // namespace ns3
