// An Agent on the ns-3 node of a backend.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include <ns3/ipv4-address.h>
#include <ns3/object.h>
#include <ns3/traced-callback.h>

#include "model/balancer/agent.h"
#include "sim/ns3/gate.h"
#include "sim/ns3/machine_host.h"
#include "sim/ns3/streams.h"

namespace ns3 {

// Aggregated to a node that has a PoiseGate: from Boot() on, every datagram that reaches the node
// is the agent's first; what it takes out of a tunnel goes to the node's own stack, which holds the
// VIPs on its loopback from the first registration until DEREGISTER.
class PoiseAgent : public Object {
 public:
  using NoticeHook = std::function<void(const poise::Notice&)>;
  using ServerHook = std::function<bool(poise::Packet&)>;
  using RecordMaker = std::function<std::unique_ptr<poise::RecordWriter>()>;

  static TypeId GetTypeId();

  poise::AgentConfig& Config() { return m_config; }
  // Registers with one more balancer. Before Boot().
  void AddBalancer(Ipv4Address address);
  void SetSocketMaker(poise::ns3world::SocketMaker maker) { m_socket = std::move(maker); }
  void SetNoticeHook(NoticeHook hook) { m_notice = std::move(hook); }
  // A server on this host that holds the VIPs itself: gets what comes out of the tunnel, and says
  // whether it took it. The node's stack holds no VIP then. `settle` is called afterwards.
  void SetServer(ServerHook take, std::function<void()> settle) {
    m_server = std::move(take);
    m_settleServer = std::move(settle);
  }
  // What that server says of itself.
  void SetReplica(const poise::ReplicaStatus& status);
  void SetRecordMaker(RecordMaker maker) { m_makeRecord = std::move(maker); }

  void Boot();
  // For static tunnels: registers nowhere, and holds the VIPs at once.
  void BootUnregistered();
  void Finish();  // ends the record; call once the simulation is over
  // The host dies: the machine and its streams are gone without a word.
  void Crash();
  bool IsUp() const { return m_host && m_host->machine(); }
  poise::CommandResult Order(const poise::Command& command);

  const poise::Agent* Machine() const { return m_host ? m_host->machine() : nullptr; }
  std::vector<uint64_t> GetCounts() const;  // of all its lives

 protected:
  void DoDispose() override;

 private:
  void Build();
  bool Intercept(Ptr<const Packet> datagram);
  void Hear(const poise::Notice& notice);
  void Attach();
  void Detach();
  void SetVip(Ipv4Address address);
  void SetAddress(Ipv4Address address);
  void SetName(std::string name) { m_config.name = std::move(name); }
  void SetWeight(uint32_t weight) { m_config.weight = weight; }
  void SetEncapsulation(int encapsulation);

  poise::AgentConfig m_config;
  poise::ns3world::SocketMaker m_socket;
  NoticeHook m_notice;
  ServerHook m_server;
  std::function<void()> m_settleServer;
  RecordMaker m_makeRecord;
  std::unique_ptr<poise::ns3world::MachineHost<poise::Agent>> m_host;
  Ptr<PoiseGate> m_gate;
  bool m_attached = false;
  std::vector<uint64_t> m_buried;
  TracedCallback<std::string, std::string> m_noticeTrace;
};

}  // namespace ns3
