// For programs written against ns-3 itself: puts balancers and agents on nodes of any topology.
#include "sim/ns3/poise_helper.h"

#include <stdexcept>

#include <ns3/ipv4.h>
#include <ns3/node.h>
#include <ns3/simulator.h>
#include <ns3/string.h>
#include <ns3/uinteger.h>

#include "model/random.h"

namespace ns3 {

namespace {

// The node's gate, made and installed when it has none.
void InstallGate(Ptr<Node> node) {
  if (node->GetObject<PoiseGate>()) return;
  const Ptr<PoiseGate> gate = CreateObject<PoiseGate>();
  node->AggregateObject(gate);
  gate->Install(node);
}

Ipv4Address AddressOf(Ptr<Node> node) {
  return node->GetObject<Ipv4>()->GetAddress(1, 0).GetLocal();
}

}  // namespace

PoiseHelper::PoiseHelper() {
  m_balancers.SetTypeId(PoiseBalancer::GetTypeId());
  m_agents.SetTypeId(PoiseAgent::GetTypeId());
}

void PoiseHelper::SetBalancerAttribute(const std::string& name, const AttributeValue& value) {
  m_balancers.Set(name, value);
}

void PoiseHelper::SetAgentAttribute(const std::string& name, const AttributeValue& value) {
  m_agents.Set(name, value);
}

void PoiseHelper::SetVip(Ipv4Address vip, uint16_t port) {
  m_balancers.Set("Vip", Ipv4AddressValue(vip));
  m_balancers.Set("VipPort", UintegerValue(port));
  m_agents.Set("Vip", Ipv4AddressValue(vip));
}

void PoiseHelper::SetEncapsulation(const std::string& name) {
  m_balancers.Set("Encapsulation", StringValue(name));
  m_agents.Set("Encapsulation", StringValue(name));
}

void PoiseHelper::Install(const NodeContainer& balancers, const NodeContainer& backends) {
  if (!Node::ChecksumEnabled())
    throw std::logic_error(
        "PoiseHelper: bind the global value ChecksumEnabled to true before making nodes");
  for (auto node = balancers.Begin(); node != balancers.End(); ++node) {
    InstallGate(*node);
    const Ptr<PoiseBalancer> balancer = m_balancers.Create<PoiseBalancer>();
    balancer->Config().name = "balancer" + std::to_string((*node)->GetId());
    balancer->Config().seed = poise::mix64((*node)->GetId());
    (*node)->AggregateObject(balancer);
    Simulator::ScheduleNow(&PoiseBalancer::Boot, balancer);
  }
  for (auto node = backends.Begin(); node != backends.End(); ++node) {
    InstallGate(*node);
    const Ptr<PoiseAgent> agent = m_agents.Create<PoiseAgent>();
    agent->Config().name = "backend" + std::to_string((*node)->GetId());
    agent->Config().seed = poise::mix64((*node)->GetId());
    for (auto balancer = balancers.Begin(); balancer != balancers.End(); ++balancer)
      agent->AddBalancer(AddressOf(*balancer));
    (*node)->AggregateObject(agent);
    Simulator::ScheduleNow(&PoiseAgent::Boot, agent);
  }
}

int64_t PoiseHelper::AssignStreams(const NodeContainer& nodes, int64_t stream) {
  int64_t next = stream;
  for (auto node = nodes.Begin(); node != nodes.End(); ++node) {
    if (const Ptr<PoiseBalancer> balancer = (*node)->GetObject<PoiseBalancer>())
      balancer->Config().seed = poise::mix64(static_cast<uint64_t>(next++));
    if (const Ptr<PoiseAgent> agent = (*node)->GetObject<PoiseAgent>())
      agent->Config().seed = poise::mix64(static_cast<uint64_t>(next++));
  }
  return next - stream;
}

}  // namespace ns3
