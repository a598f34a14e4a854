// A replica's life on its node: booted, fed by its agent, crashed.
#include "sim/ns3/failover_node.h"

#include <utility>

namespace poise::ns3world {

FailoverServer::FailoverServer(tcp::HostConfig config, Place place, Hooks hooks)
    : config_(std::move(config)), place_(std::move(place)), hooks_(std::move(hooks)) {
  MachineHost<FailoverMachine>::Wiring wiring;
  wiring.address = place_.address;
  wiring.remote = [this](PeerId peer) {
    return peer == tcp::kWitnessPeer ? place_.witness : place_.partner;
  };
  wiring.socket = place_.socket;
  wiring.accepts = !config_.replication.opens && !place_.pair.empty();
  wiring.port = kReplicationPort;
  wiring.accepted = tcp::kReplicaPeer;
  wiring.notice = hooks_.notice;
  wiring.after = [this] { tell_status(); };
  host_ = std::make_unique<MachineHost<FailoverMachine>>(place_.gate, wiring);
}

void FailoverServer::boot() {
  host_->install(std::make_unique<FailoverMachine>(config_), nullptr);
  told_.reset();
  host_->start();
  tell_status();
  if (!place_.pair.empty()) config_.replication.role = tcp::Role::standby;
}

void FailoverServer::crash() {
  host_->crash();
}

bool FailoverServer::take(Packet& packet) {
  return is_up() && host_->take(packet) != Verdict::pass;
}

void FailoverServer::tell_status() {
  if (place_.pair.empty() || !is_up()) return;
  const ReplicaStatus status{place_.pair, static_cast<std::uint8_t>(config_.replication.index),
                             machine()->epoch(), machine()->role() == tcp::Role::active};
  if (told_ == status) return;
  told_ = status;
  hooks_.status(status);
}

WitnessNode::WitnessNode(tcp::ReplicationConfig config, ns3::Ptr<ns3::PoiseGate> gate,
                         Address address, SocketMaker socket,
                         std::function<void(const Notice&)> notice)
    : config_(std::move(config)) {
  MachineHost<tcp::Witness>::Wiring wiring;
  wiring.address = address;
  wiring.socket = std::move(socket);
  wiring.accepts = true;
  wiring.port = kReplicationPort;
  wiring.notice = std::move(notice);
  host_ = std::make_unique<MachineHost<tcp::Witness>>(std::move(gate), wiring);
}

void WitnessNode::boot() {
  host_->install(std::make_unique<tcp::Witness>(config_), nullptr);
  host_->start();
}

}  // namespace poise::ns3world
