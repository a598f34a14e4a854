// A Balancer on an ns-3 node.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <ns3/ipv4-address.h>
#include <ns3/nstime.h>
#include <ns3/object.h>
#include <ns3/traced-callback.h>

#include "model/balancer/balancer.h"
#include "sim/ns3/gate.h"
#include "sim/ns3/machine_host.h"
#include "sim/ns3/streams.h"

namespace ns3 {

// Aggregated to a node that has a PoiseGate: from Boot() on, every datagram that reaches the node
// is the balancer's first. Attributes set before Boot() count.
class PoiseBalancer : public Object {
 public:
  using PolicyMaker =
      std::function<std::unique_ptr<poise::policy::Policy>(const poise::policy::Config&)>;
  // A client's datagram on its way into the tunnel to a backend; host byte order.
  struct Carried {
    uint32_t source, destination;
    uint16_t sourcePort, destinationPort;  // 0 unless TCP or UDP
    uint8_t protocol;
    uint32_t backend;
  };
  using CarryHook = std::function<void(const Carried&)>;
  using NoticeHook = std::function<void(const poise::Notice&)>;
  // The backend entered (true) or left the set that new flows are spread over.
  using MemberHook = std::function<void(const std::string& backend, bool entered)>;

  static TypeId GetTypeId();

  poise::BalancerConfig& Config() { return m_config; }
  poise::policy::Config& PolicyConfig() { return m_policy; }
  void SetPolicyMaker(PolicyMaker maker) { m_makePolicy = std::move(maker); }
  void SetSocketMaker(poise::ns3world::SocketMaker maker) { m_socket = std::move(maker); }
  void SetHooks(CarryHook carry, NoticeHook notice, MemberHook member);

  // Every life of the machine is recorded to what this gives at Boot().
  using RecordMaker = std::function<std::unique_ptr<poise::RecordWriter>()>;
  void SetRecordMaker(RecordMaker maker) { m_makeRecord = std::move(maker); }

  void Boot();
  // Ends the record; call once the simulation is over.
  void Finish();
  // The host dies: the machine, its flows and its streams are gone without a word.
  void Crash();
  bool IsUp() const { return m_host && m_host->machine(); }
  poise::CommandResult Order(const poise::Command& command);

  // nullptr unless up.
  const poise::Balancer* Machine() const { return m_host ? m_host->machine() : nullptr; }
  // Of all its lives.
  std::vector<uint64_t> GetCounts() const;

 protected:
  void DoDispose() override;

 private:
  bool Intercept(Ptr<const Packet> datagram);
  void CompareMembers();
  void SetVip(Ipv4Address address);
  void SetVipPort(uint16_t port);
  void SetAddress(Ipv4Address address);
  void SetPolicyKind(std::string kind);
  void SetTableSize(uint32_t size);
  void SetTracking(bool tracking);
  void SetEncapsulation(int encapsulation);
  void SetTimeout(Time timeout);

  poise::BalancerConfig m_config;
  poise::policy::Config m_policy;
  PolicyMaker m_makePolicy;
  RecordMaker m_makeRecord;
  poise::ns3world::SocketMaker m_socket;
  CarryHook m_carry;
  NoticeHook m_notice;
  MemberHook m_member;
  std::unique_ptr<poise::ns3world::MachineHost<poise::Balancer>> m_host;
  Ptr<PoiseGate> m_gate;
  std::vector<std::string> m_members;  // sorted
  uint64_t m_version = 0;              // of the set that m_members is of
  std::vector<uint64_t> m_buried;      // counts of the lives that ended

  TracedCallback<const Carried&> m_decisionTrace;
  TracedCallback<Ptr<const Packet>> m_dropTrace;
  TracedCallback<std::string, bool> m_memberTrace;
};

}  // namespace ns3
