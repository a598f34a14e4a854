// An Agent on the ns-3 node of a backend: out of the tunnel, into the host's own stack.
#include "sim/ns3/agent_node.h"

#include <utility>

#include <ns3/enum.h>
#include <ns3/ipv4-interface-address.h>
#include <ns3/ipv4.h>
#include <ns3/node.h>
#include <ns3/string.h>
#include <ns3/tcp-socket-factory.h>
#include <ns3/trace-source-accessor.h>
#include <ns3/uinteger.h>

#include "model/check.h"

namespace ns3 {

using poise::Verdict;
using poise::wire::Encapsulation;

NS_OBJECT_ENSURE_REGISTERED(PoiseAgent);

TypeId PoiseAgent::GetTypeId() {
  using Self = PoiseAgent;
  static TypeId tid =
      TypeId("ns3::PoiseAgent")
          .SetParent<Object>()
          .SetGroupName("Poise")
          .AddConstructor<Self>()
          .AddAttribute("Name", "Under which it registers; unique.", StringValue("backend"),
                        MakeStringAccessor(&Self::SetName), MakeStringChecker())
          .AddAttribute("Vip", "The service's address.", Ipv4AddressValue("10.255.0.1"),
                        MakeIpv4AddressAccessor(&Self::SetVip), MakeIpv4AddressChecker())
          .AddAttribute("Address", "Where tunnels to it end; unset: the node's first.",
                        Ipv4AddressValue(Ipv4Address::GetAny()),
                        MakeIpv4AddressAccessor(&Self::SetAddress), MakeIpv4AddressChecker())
          .AddAttribute("Weight", "Its share of the flows.", UintegerValue(1),
                        MakeUintegerAccessor(&Self::SetWeight),
                        MakeUintegerChecker<uint32_t>(1, 65535))
          .AddAttribute("Encapsulation", "The tunnel from the balancers.",
                        EnumValue(static_cast<int>(Encapsulation::gue)),
                        MakeEnumAccessor(&Self::SetEncapsulation),
                        MakeEnumChecker(static_cast<int>(Encapsulation::caplance), "Caplance",
                                        static_cast<int>(Encapsulation::gue), "Gue",
                                        static_cast<int>(Encapsulation::ipip), "Ipip",
                                        static_cast<int>(Encapsulation::gre), "Gre"))
          .AddTraceSource("Notice", "What the agent says: a word, and a balancer.",
                          MakeTraceSourceAccessor(&Self::m_noticeTrace),
                          "ns3::PoiseAgent::NoticeTracedCallback");
  return tid;
}

void PoiseAgent::SetVip(Ipv4Address address) {
  m_config.vips.resize(1);
  m_config.vips[0].address = poise::ns3world::from_ns3(address);
}

void PoiseAgent::SetAddress(Ipv4Address address) {
  m_config.address = poise::ns3world::from_ns3(address);
}

void PoiseAgent::SetEncapsulation(int encapsulation) {
  m_config.encapsulation = static_cast<Encapsulation>(encapsulation);
}

void PoiseAgent::AddBalancer(Ipv4Address address) {
  m_config.balancers.push_back(poise::ns3world::from_ns3(address));
}

void PoiseAgent::Build() {
  POISE_CHECK(!IsUp());
  const Ptr<Node> node = GetObject<Node>();
  m_gate = GetObject<PoiseGate>();
  POISE_CHECK(node && m_gate);
  if (m_config.address.is_unspecified())
    m_config.address =
        poise::ns3world::from_ns3(node->GetObject<Ipv4>()->GetAddress(1, 0).GetLocal());
  if (!m_socket)
    m_socket = [node] { return Socket::CreateSocket(node, TcpSocketFactory::GetTypeId()); };
  poise::ns3world::MachineHost<poise::Agent>::Wiring wiring;
  wiring.address = m_config.address;
  wiring.remote = [this](poise::PeerId peer) { return m_config.balancers.at(peer); };
  wiring.socket = m_socket;
  wiring.notice = [this](const poise::Notice& notice) { Hear(notice); };
  m_host = std::make_unique<poise::ns3world::MachineHost<poise::Agent>>(m_gate, wiring);
  m_gate->SetIntercept(
      [this](Ptr<const Packet> datagram, Ptr<NetDevice>) { return Intercept(datagram); });
  m_host->install(std::make_unique<poise::Agent>(m_config),
                  m_makeRecord ? m_makeRecord() : nullptr);
}

void PoiseAgent::Boot() {
  Build();
  m_host->start();
}

void PoiseAgent::BootUnregistered() {
  Build();
  Attach();
}

void PoiseAgent::SetReplica(const poise::ReplicaStatus& status) {
  if (IsUp())
    m_host->act(
        [&](poise::Recorded<poise::Agent>& m) { m.on_replica(poise::ns3world::now(), status); });
}

void PoiseAgent::Finish() {
  if (m_host) m_host->finish();
}

void PoiseAgent::Crash() {
  POISE_CHECK(IsUp());
  m_buried = GetCounts();
  m_host->crash();
  m_gate->SetIntercept(nullptr);
  Detach();
}

poise::CommandResult PoiseAgent::Order(const poise::Command& command) {
  poise::CommandResult result = poise::CommandResult::refused;
  if (IsUp())
    m_host->act([&](poise::Recorded<poise::Agent>& m) {
      result = m.on_command(poise::ns3world::now(), command);
    });
  return result;
}

bool PoiseAgent::Intercept(Ptr<const Packet> datagram) {
  poise::Packet packet = poise::ns3world::borrow(*datagram);
  const Verdict verdict = m_host->take(packet);
  const bool serves = verdict == Verdict::forward && m_server && m_server(packet);
  if (verdict == Verdict::forward && !serves) m_gate->Deliver(packet.bytes());
  m_host->settle();
  if (serves) m_settleServer();
  return verdict != Verdict::pass;
}

void PoiseAgent::Hear(const poise::Notice& notice) {
  if (notice.kind == "attach") Attach();
  if (notice.kind == "detach") Detach();
  if (m_notice) m_notice(notice);
  m_noticeTrace(notice.kind, notice.subject);
}

void PoiseAgent::Attach() {
  if (m_server || std::exchange(m_attached, true)) return;
  const Ptr<Ipv4> ipv4 = GetObject<Ipv4>();
  for (const poise::Vip& vip : m_config.vips)
    ipv4->AddAddress(
        0, Ipv4InterfaceAddress(poise::ns3world::to_ns3(vip.address), Ipv4Mask::GetOnes()));
}

void PoiseAgent::Detach() {
  if (!std::exchange(m_attached, false)) return;
  const Ptr<Ipv4> ipv4 = GetObject<Ipv4>();
  for (const poise::Vip& vip : m_config.vips)
    ipv4->RemoveAddress(0, poise::ns3world::to_ns3(vip.address));
}

std::vector<uint64_t> PoiseAgent::GetCounts() const {
  std::vector<uint64_t> counts = m_buried;
  counts.resize(poise::kCountNumber);
  if (IsUp())
    for (std::size_t i = 0; i < poise::kCountNumber; ++i)
      counts[i] += Machine()->counters()[static_cast<poise::Count>(i)];
  return counts;
}

void PoiseAgent::DoDispose() {
  m_host = nullptr;
  m_gate = nullptr;
  m_socket = nullptr;
  m_notice = nullptr;
  m_server = nullptr;
  m_settleServer = nullptr;
  Object::DoDispose();
}

}  // namespace ns3
