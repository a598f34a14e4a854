// The streams of one replica: to the other one, which one of them dials, and to the witness.
#pragma once

#include <boost/asio/io_context.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "model/address.h"
#include "model/machine.h"
#include "realnet/control/credentials.h"
#include "realnet/control/dialer.h"
#include "realnet/control/listener.h"

namespace poise::realnet {

struct ReplicaStreamsConfig {
  Endpoint own;
  Endpoint other;
  bool dials = false;  // this replica dials the other; otherwise it is dialled
  std::optional<Endpoint> witness;
  Limits limits;
};

// Carries out what a tcp::Host asks of tcp::kReplicaPeer and tcp::kWitnessPeer. Everything happens
// on the thread that runs the io_context; events come as StreamEvents says.
class ReplicaStreams {
 public:
  // Throws SystemError.
  ReplicaStreams(boost::asio::io_context& io, const ReplicaStreamsConfig& config,
                 Credentials credentials, StreamEvents events);

  void carry(const Message& message);
  void use(Credentials credentials);  // for the streams to come

  bool replica_up() const { return replica_.has_value(); }
  bool witness_up() const { return witness_up_; }

 private:
  StreamEvents dialled();
  StreamEvents accepted();
  void on_dialled(PeerId peer, PeerEvent event);
  void on_accepted(PeerId peer, PeerEvent event);
  void carry_to_replica(const Message& message);

  const ReplicaStreamsConfig config_;
  const StreamEvents events_;
  std::optional<PeerId> replica_;  // up; as its listener or its dialer calls it
  bool witness_up_ = false;
  Dialer dialer_;
  std::optional<Listener> listener_;
};

}  // namespace poise::realnet
