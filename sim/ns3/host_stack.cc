// An IPv4 stack for every node, and a TCP that can die and start afresh.
#include "sim/ns3/host_stack.h"

#include <algorithm>
#include <utility>

#include <ns3/boolean.h>
#include <ns3/config.h>
#include <ns3/double.h>
#include <ns3/global-value.h>
#include <ns3/icmpv4-l4-protocol.h>
#include <ns3/inet-socket-address.h>
#include <ns3/ipv4-route.h>
#include <ns3/nstime.h>
#include <ns3/rtt-estimator.h>
#include <ns3/string.h>
#include <ns3/tcp-cubic.h>
#include <ns3/tcp-header.h>
#include <ns3/tcp-option-ts.h>
#include <ns3/tcp-prr-recovery.h>
#include <ns3/tcp-rx-buffer.h>
#include <ns3/tcp-socket-state.h>
#include <ns3/traffic-control-layer.h>
#include <ns3/type-id.h>
#include <ns3/udp-l4-protocol.h>
#include <ns3/uinteger.h>

#include "model/check.h"

namespace ns3 {

NS_OBJECT_ENSURE_REGISTERED(PoiseTcpSocket);

TypeId PoiseTcpSocket::GetTypeId() {
  static TypeId tid = TypeId("ns3::PoiseTcpSocket")
                          .SetParent<TcpSocketBase>()
                          .SetGroupName("Poise")
                          .AddConstructor<PoiseTcpSocket>();
  return tid;
}

// RFC 9293, 3.10.7.2 (LISTEN): a reset is ignored, an acknowledgement is answered with a reset that
// takes its sequence number from it, a SYN opens a connection, anything else is dropped.
void PoiseTcpSocket::DoForwardUp(Ptr<Packet> packet, const Address& from, const Address& to) {
  TcpHeader header;
  packet->PeekHeader(header);
  const uint8_t flags = header.GetFlags();
  if (m_state == SYN_SENT && flags & TcpHeader::SYN && header.HasOption(TcpOption::TS))
    m_timestampToEcho =
        DynamicCast<const TcpOptionTS>(header.GetOption(TcpOption::TS))->GetTimestamp();
  if (m_state != LISTEN || (flags & TcpHeader::SYN && !(flags & TcpHeader::ACK))) {
    TcpSocketBase::DoForwardUp(packet, from, to);
    return;
  }
  if (flags & TcpHeader::RST || !(flags & TcpHeader::ACK)) return;
  TcpHeader reset;
  reset.SetFlags(TcpHeader::RST);
  reset.SetSequenceNumber(header.GetAckNumber());
  reset.SetSourcePort(header.GetDestinationPort());
  reset.SetDestinationPort(header.GetSourcePort());
  m_tcp->SendPacket(Create<Packet>(), reset, InetSocketAddress::ConvertFrom(to).GetIpv4(),
                    InetSocketAddress::ConvertFrom(from).GetIpv4());
}

uint32_t PoiseTcpSocket::AvailableWindow() const {
  return std::exchange(m_windowIsFull, false) ? 0 : TcpSocketBase::AvailableWindow();
}

uint32_t PoiseTcpSocket::SendDataPacket(SequenceNumber32 sequence, uint32_t maxSize, bool withAck) {
  if (maxSize == 0) {
    m_windowIsFull = true;
    return 0;
  }
  m_highTxAck = std::max(m_highTxAck, m_tcb->m_rxBuffer->NextRxSequence());
  return TcpSocketBase::SendDataPacket(sequence, maxSize, withAck);
}

Ptr<TcpSocketBase> PoiseTcpSocket::Fork() {
  return CopyObject<PoiseTcpSocket>(this);
}

}  // namespace ns3

namespace poise::ns3world {

namespace {

void swallow(ns3::Ptr<ns3::Packet>, ns3::Ipv4Address, ns3::Ipv4Address, std::uint8_t,
             ns3::Ptr<ns3::Ipv4Route>) {}

}  // namespace

void set_linux_profile(std::uint32_t mtu) {
  using ns3::Config::SetDefault;
  POISE_CHECK(mtu >= 576);
  ns3::GlobalValue::Bind("ChecksumEnabled", ns3::BooleanValue(true));
  SetDefault("ns3::TcpSocket::SegmentSize", ns3::UintegerValue(mtu - 52));
  SetDefault("ns3::TcpSocket::SndBufSize", ns3::UintegerValue(4u << 20));
  SetDefault("ns3::TcpSocket::RcvBufSize", ns3::UintegerValue(4u << 20));
  SetDefault("ns3::TcpSocket::InitialCwnd", ns3::UintegerValue(10));
  SetDefault("ns3::TcpSocket::ConnTimeout", ns3::TimeValue(ns3::Seconds(1)));
  SetDefault("ns3::TcpSocket::ConnCount", ns3::UintegerValue(6));
  SetDefault("ns3::TcpSocket::DataRetries", ns3::UintegerValue(15));
  SetDefault("ns3::TcpSocket::DelAckTimeout", ns3::TimeValue(ns3::MilliSeconds(40)));
  SetDefault("ns3::TcpSocket::DelAckCount", ns3::UintegerValue(2));
  SetDefault("ns3::TcpSocketBase::MinRto", ns3::TimeValue(ns3::MilliSeconds(200)));
  SetDefault("ns3::TcpSocketBase::MaxSegLifetime", ns3::DoubleValue(0.05));
  SetDefault("ns3::TcpSocketBase::Sack", ns3::BooleanValue(true));
  SetDefault("ns3::TcpSocketBase::Timestamp", ns3::BooleanValue(true));
  SetDefault("ns3::TcpSocketBase::WindowScaling", ns3::BooleanValue(true));
}

ns3::Ptr<ns3::PoiseEcmpRouting> install_stack(ns3::Ptr<ns3::Node> node, std::uint64_t routing_seed,
                                              bool resilient, bool forwarding) {
  using ns3::PoiseEcmpRouting;
  const ns3::Ptr<PoiseEcmpRouting> routing = ns3::CreateObject<PoiseEcmpRouting>();
  routing->SetAttribute("Seed", ns3::UintegerValue(routing_seed));
  routing->SetAttribute(
      "Mode", ns3::EnumValue(resilient ? PoiseEcmpRouting::RESILIENT : PoiseEcmpRouting::MODULO));
  routing->SetAttribute("Forwarding", ns3::BooleanValue(forwarding));
  node->AggregateObject(ns3::CreateObject<ns3::TrafficControlLayer>());
  const ns3::Ptr<ns3::Ipv4L3Protocol> ipv4 = ns3::CreateObject<ns3::Ipv4L3Protocol>();
  node->AggregateObject(ipv4);
  ipv4->SetRoutingProtocol(routing);
  node->AggregateObject(ns3::CreateObject<ns3::Icmpv4L4Protocol>());
  node->AggregateObject(ns3::CreateObject<ns3::UdpL4Protocol>());
  return routing;
}

void HostTcp::boot() {
  POISE_CHECK(!is_up());
  const ns3::Ptr<ns3::Ipv4L3Protocol> ipv4 = node_->GetObject<ns3::Ipv4L3Protocol>();
  tcp_ = ns3::CreateObject<ns3::TcpL4Protocol>();
  tcp_->SetNode(node_);
  tcp_->SetDownTarget(ns3::MakeCallback(&ns3::Ipv4L3Protocol::Send, ipv4));
  ipv4->Insert(tcp_);
}

void HostTcp::crash() {
  POISE_CHECK(is_up());
  node_->GetObject<ns3::Ipv4L3Protocol>()->Remove(tcp_);
  tcp_->SetDownTarget(ns3::MakeCallback(&swallow));
  dead_.push_back(tcp_);
  tcp_ = nullptr;
}

ns3::Ptr<ns3::Socket> HostTcp::socket() {
  POISE_CHECK(is_up());
  const auto socket = ns3::CreateObject<ns3::PoiseTcpSocket>();
  socket->SetNode(node_);
  socket->SetTcp(tcp_);
  socket->SetRtt(ns3::CreateObject<ns3::RttMeanDeviation>());
  socket->SetCongestionControlAlgorithm(ns3::CreateObject<ns3::TcpCubic>());
  socket->SetRecoveryAlgorithm(ns3::CreateObject<ns3::TcpPrrRecovery>());
  tcp_->AddSocket(socket);
  return socket;
}

}  // namespace poise::ns3world
