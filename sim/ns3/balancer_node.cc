// A Balancer on an ns-3 node: raw datagrams in, verdicts carried out.
#include "sim/ns3/balancer_node.h"

#include <algorithm>
#include <utility>

#include <ns3/boolean.h>
#include <ns3/enum.h>
#include <ns3/ipv4-address.h>
#include <ns3/ipv4.h>
#include <ns3/node.h>
#include <ns3/nstime.h>
#include <ns3/string.h>
#include <ns3/tcp-socket-factory.h>
#include <ns3/trace-source-accessor.h>
#include <ns3/uinteger.h>

#include "model/check.h"

namespace ns3 {

using poise::Verdict;
using poise::wire::Encapsulation;

NS_OBJECT_ENSURE_REGISTERED(PoiseBalancer);

TypeId PoiseBalancer::GetTypeId() {
  using Self = PoiseBalancer;
  static TypeId tid =
      TypeId("ns3::PoiseBalancer")
          .SetParent<Object>()
          .SetGroupName("Poise")
          .AddConstructor<Self>()
          .AddAttribute("Vip", "The service's address.", Ipv4AddressValue("10.255.0.1"),
                        MakeIpv4AddressAccessor(&Self::SetVip), MakeIpv4AddressChecker())
          .AddAttribute("VipPort", "The service's TCP port; 0: any.", UintegerValue(80),
                        MakeUintegerAccessor(&Self::SetVipPort), MakeUintegerChecker<uint16_t>())
          .AddAttribute("Address", "The balancer's own; unset: the node's first.",
                        Ipv4AddressValue(Ipv4Address::GetAny()),
                        MakeIpv4AddressAccessor(&Self::SetAddress), MakeIpv4AddressChecker())
          .AddAttribute("Policy", "One of poise::policy::catalogue().", StringValue("maglev"),
                        MakeStringAccessor(&Self::SetPolicyKind), MakeStringChecker())
          .AddAttribute("TableSize", "Of Maglev: a prime.", UintegerValue(65537),
                        MakeUintegerAccessor(&Self::SetTableSize), MakeUintegerChecker<uint32_t>(2))
          .AddAttribute("Tracking", "False: the policy chooses for every packet.",
                        BooleanValue(true), MakeBooleanAccessor(&Self::SetTracking),
                        MakeBooleanChecker())
          .AddAttribute("Encapsulation", "The tunnel to the backends.",
                        EnumValue(static_cast<int>(Encapsulation::gue)),
                        MakeEnumAccessor(&Self::SetEncapsulation),
                        MakeEnumChecker(static_cast<int>(Encapsulation::caplance), "Caplance",
                                        static_cast<int>(Encapsulation::gue), "Gue",
                                        static_cast<int>(Encapsulation::ipip), "Ipip",
                                        static_cast<int>(Encapsulation::gre), "Gre"))
          .AddAttribute("Timeout", "Silence after which a backend is down.",
                        TimeValue(MilliSeconds(350)), MakeTimeAccessor(&Self::SetTimeout),
                        MakeTimeChecker(NanoSeconds(1)))
          .AddTraceSource("Decision", "A client's datagram was sent to a backend.",
                          MakeTraceSourceAccessor(&Self::m_decisionTrace),
                          "ns3::PoiseBalancer::DecisionTracedCallback")
          .AddTraceSource("Drop", "A datagram was refused; the machine's counters say why.",
                          MakeTraceSourceAccessor(&Self::m_dropTrace),
                          "ns3::Packet::TracedCallback")
          .AddTraceSource("BackendState", "A backend entered or left the set of choices.",
                          MakeTraceSourceAccessor(&Self::m_memberTrace),
                          "ns3::PoiseBalancer::MemberTracedCallback");
  return tid;
}

void PoiseBalancer::SetVip(Ipv4Address address) {
  m_config.vips.resize(1);
  m_config.vips[0].address = poise::ns3world::from_ns3(address);
}

void PoiseBalancer::SetVipPort(uint16_t port) {
  m_config.vips.resize(1);
  m_config.vips[0].port = port;
}

void PoiseBalancer::SetAddress(Ipv4Address address) {
  m_config.address = poise::ns3world::from_ns3(address);
}

void PoiseBalancer::SetPolicyKind(std::string kind) {
  m_policy.kind = std::move(kind);
}
void PoiseBalancer::SetTableSize(uint32_t size) {
  m_policy.table_size = size;
}
void PoiseBalancer::SetTracking(bool tracking) {
  m_config.tracking = tracking;
}
void PoiseBalancer::SetEncapsulation(int encapsulation) {
  m_config.encapsulation = static_cast<Encapsulation>(encapsulation);
}
void PoiseBalancer::SetTimeout(Time timeout) {
  m_config.timeout = poise::Duration{timeout.GetNanoSeconds()};
}

void PoiseBalancer::SetHooks(CarryHook carry, NoticeHook notice, MemberHook member) {
  m_carry = std::move(carry);
  m_notice = std::move(notice);
  m_member = std::move(member);
}

void PoiseBalancer::Boot() {
  POISE_CHECK(!IsUp());
  const Ptr<Node> node = GetObject<Node>();
  m_gate = GetObject<PoiseGate>();
  POISE_CHECK(node && m_gate);
  if (m_config.address.is_unspecified())
    m_config.address =
        poise::ns3world::from_ns3(node->GetObject<Ipv4>()->GetAddress(1, 0).GetLocal());
  if (!m_socket)
    m_socket = [node] { return Socket::CreateSocket(node, TcpSocketFactory::GetTypeId()); };
  poise::ns3world::MachineHost<poise::Balancer>::Wiring wiring;
  wiring.address = m_config.address;
  wiring.socket = m_socket;
  wiring.accepts = true;
  wiring.notice = [this](const poise::Notice& notice) {
    if (m_notice) m_notice(notice);
  };
  wiring.after = [this] { CompareMembers(); };
  m_members.clear();
  m_version = 0;
  m_host = std::make_unique<poise::ns3world::MachineHost<poise::Balancer>>(m_gate, wiring);
  m_host->install(
      std::make_unique<poise::Balancer>(
          m_config, m_makePolicy ? m_makePolicy(m_policy) : poise::policy::make(m_policy)),
      m_makeRecord ? m_makeRecord() : nullptr);
  m_host->start();
  m_gate->SetIntercept(
      [this](Ptr<const Packet> datagram, Ptr<NetDevice>) { return Intercept(datagram); });
}

void PoiseBalancer::Finish() {
  if (m_host) m_host->finish();
}

void PoiseBalancer::Crash() {
  POISE_CHECK(IsUp());
  m_buried = GetCounts();
  m_host->crash();
  m_gate->SetIntercept(nullptr);
}

poise::CommandResult PoiseBalancer::Order(const poise::Command& command) {
  poise::CommandResult result = poise::CommandResult::refused;
  if (IsUp())
    m_host->act([&](poise::Recorded<poise::Balancer>& m) {
      result = m.on_command(poise::ns3world::now(), command);
    });
  return result;
}

bool PoiseBalancer::Intercept(Ptr<const Packet> datagram) {
  poise::Packet packet = poise::ns3world::borrow(*datagram);
  Carried carried{};
  if (packet.size() >= 20) {
    const uint8_t* ip = packet.bytes().data();
    const auto word = [ip](std::size_t at) {
      return static_cast<uint32_t>(ip[at]) << 24 | static_cast<uint32_t>(ip[at + 1]) << 16 |
             static_cast<uint32_t>(ip[at + 2]) << 8 | ip[at + 3];
    };
    carried.source = word(12);
    carried.destination = word(16);
    carried.protocol = ip[9];
    const std::size_t header_size = std::size_t{ip[0] & 0x0fu} * 4;
    if ((carried.protocol == 6 || carried.protocol == 17) && packet.size() >= header_size + 4) {
      const uint32_t ports = word(header_size);
      carried.sourcePort = static_cast<uint16_t>(ports >> 16);
      carried.destinationPort = static_cast<uint16_t>(ports);
    }
  }
  const poise::Balancer& machine = *m_host->machine();
  const Verdict verdict = m_host->take(packet);
  if (verdict == Verdict::forward) {
    if (machine.decision().backend && packet.size() >= 20) {
      const uint8_t* outer = packet.bytes().data();
      carried.backend = static_cast<uint32_t>(outer[16]) << 24 |
                        static_cast<uint32_t>(outer[17]) << 16 |
                        static_cast<uint32_t>(outer[18]) << 8 | outer[19];
      if (m_carry) m_carry(carried);
      m_decisionTrace(carried);
    }
    m_gate->Transmit(packet.bytes());
  } else if (verdict == Verdict::drop) {
    m_dropTrace(datagram);
  }
  m_host->settle();
  return verdict != Verdict::pass;
}

void PoiseBalancer::CompareMembers() {
  const poise::BackendSet& backends = m_host->machine()->backends();
  if (backends.version() == m_version) return;
  m_version = backends.version();
  std::vector<std::string> members;
  for (const poise::policy::Candidate& candidate : backends.candidates())
    members.push_back(candidate.name);
  const auto tell = [this](const std::vector<std::string>& of,
                           const std::vector<std::string>& not_in, bool entered) {
    for (const std::string& name : of) {
      if (std::binary_search(not_in.begin(), not_in.end(), name)) continue;
      if (m_member) m_member(name, entered);
      m_memberTrace(name, entered);
    }
  };
  tell(members, m_members, true);
  tell(m_members, members, false);
  m_members = std::move(members);
}

std::vector<uint64_t> PoiseBalancer::GetCounts() const {
  std::vector<uint64_t> counts = m_buried;
  counts.resize(poise::kCountNumber);
  if (IsUp())
    for (std::size_t i = 0; i < poise::kCountNumber; ++i)
      counts[i] += Machine()->counters()[static_cast<poise::Count>(i)];
  return counts;
}

void PoiseBalancer::DoDispose() {
  m_host = nullptr;
  m_gate = nullptr;
  m_socket = nullptr;
  m_carry = nullptr;
  m_notice = nullptr;
  m_member = nullptr;
  Object::DoDispose();
}

}  // namespace ns3
