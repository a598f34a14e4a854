// A listener's stream becomes the replica's; of two, the newer one is the living one.
#include "realnet/tcp/replica_streams.h"

#include <utility>

#include "model/tcp/host/host.h"
#include "realnet/control/endpoint.h"

namespace poise::realnet {

using tcp::kReplicaPeer;
using tcp::kWitnessPeer;

ReplicaStreams::ReplicaStreams(boost::asio::io_context& io, const ReplicaStreamsConfig& config,
                               Credentials credentials, StreamEvents events)
    : config_(config),
      events_(std::move(events)),
      dialer_(io, endpoint_of(config.own.address, 0).address(), credentials, config.limits,
              dialled()) {
  if (!config.dials)
    listener_.emplace(io, endpoint_of(config.own.address, config.own.port), std::move(credentials),
                      config.limits, accepted());
}

StreamEvents ReplicaStreams::dialled() {
  return {.on_peer = [this](PeerId peer, PeerEvent event) { on_dialled(peer, event); },
          .on_message = events_.on_message,
          .log = events_.log};
}

StreamEvents ReplicaStreams::accepted() {
  return {.on_peer = [this](PeerId peer, PeerEvent event) { on_accepted(peer, event); },
          .on_message =
              [this](PeerId peer, std::span<const std::uint8_t> bytes) {
                if (replica_ == peer) events_.on_message(kReplicaPeer, bytes);
              },
          .log = events_.log};
}

void ReplicaStreams::on_dialled(PeerId peer, PeerEvent event) {
  const bool up = event == PeerEvent::up;
  if (peer == kWitnessPeer)
    witness_up_ = up;
  else
    replica_ = up ? std::optional(peer) : std::nullopt;
  events_.on_peer(peer, event);
}

void ReplicaStreams::on_accepted(PeerId peer, PeerEvent event) {
  if (event == PeerEvent::down) {
    if (replica_ != peer) return;
    replica_.reset();
    return events_.on_peer(kReplicaPeer, PeerEvent::down);
  }
  if (const auto before = std::exchange(replica_, peer)) {
    listener_->close(*before);
    events_.on_peer(kReplicaPeer, PeerEvent::down);
  }
  events_.on_peer(kReplicaPeer, PeerEvent::up);
}

void ReplicaStreams::carry(const Message& message) {
  if (message.peer == kReplicaPeer) return carry_to_replica(message);
  switch (message.kind) {
    case Message::Kind::open:
      if (config_.witness)
        dialer_.open(kWitnessPeer, endpoint_of(config_.witness->address, config_.witness->port));
      return;
    case Message::Kind::bytes:
      return dialer_.send(kWitnessPeer, message.bytes);
    case Message::Kind::close:
      witness_up_ = false;
      return dialer_.close(kWitnessPeer);
  }
}

void ReplicaStreams::carry_to_replica(const Message& message) {
  switch (message.kind) {
    case Message::Kind::open:
      if (config_.dials)
        dialer_.open(kReplicaPeer, endpoint_of(config_.other.address, config_.other.port));
      return;
    case Message::Kind::bytes:
      if (!replica_) return;
      return listener_ ? listener_->send(*replica_, message.bytes)
                       : dialer_.send(kReplicaPeer, message.bytes);
    case Message::Kind::close: {
      const auto peer = std::exchange(replica_, std::nullopt);
      if (!peer) return config_.dials ? dialer_.close(kReplicaPeer) : void();
      return listener_ ? listener_->close(*peer) : dialer_.close(kReplicaPeer);
    }
  }
}

void ReplicaStreams::use(Credentials credentials) {
  dialer_.use(credentials);
  if (listener_) listener_->use(std::move(credentials));
}

}  // namespace poise::realnet
