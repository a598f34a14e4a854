// Failover TCP on ns-3 nodes: a replica of a server behind the agent of its host, and the witness.
#pragma once

#include <functional>
#include <memory>
#include <optional>

#include "model/balancer/replica.h"
#include "model/tcp/replication/witness.h"
#include "sim/ns3/failover_machine.h"
#include "sim/ns3/machine_host.h"

namespace poise::ns3world {

// Where replicas and witnesses accept each other's streams.
inline constexpr std::uint16_t kReplicationPort = 1339;

// One replica, or a server alone. What its agent takes out of a tunnel is its own; the node's stack
// never holds the VIP. What it sends goes where the node's routing says.
class FailoverServer {
 public:
  struct Place {
    ns3::Ptr<ns3::PoiseGate> gate;
    Address address;
    Address partner;  // the other replica's
    Address witness;  // unspecified: none
    SocketMaker socket;
    std::string pair;  // its name; empty: alone
  };
  struct Hooks {
    std::function<void(const Notice&)> notice;
    std::function<void(const ReplicaStatus&)> status;  // whenever it changed
  };

  // `config`: of the first life; later ones begin as standbys.
  FailoverServer(tcp::HostConfig config, Place place, Hooks hooks);

  void boot();
  void crash();
  bool is_up() const { return host_ && host_->machine(); }
  // True: it was for the server.
  bool take(Packet& packet);
  void settle() { host_->settle(); }

  const FailoverMachine* machine() const { return host_ ? host_->machine() : nullptr; }

 private:
  void tell_status();

  tcp::HostConfig config_;
  Place place_;
  Hooks hooks_;
  std::optional<ReplicaStatus> told_;
  std::unique_ptr<MachineHost<FailoverMachine>> host_;
};

class WitnessNode {
 public:
  WitnessNode(tcp::ReplicationConfig config, ns3::Ptr<ns3::PoiseGate> gate, Address address,
              SocketMaker socket, std::function<void(const Notice&)> notice);

  void boot();
  void crash() { host_->crash(); }

 private:
  tcp::ReplicationConfig config_;
  std::unique_ptr<MachineHost<tcp::Witness>> host_;
};

}  // namespace poise::ns3world
