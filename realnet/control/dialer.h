// Dials control streams: an agent's to its balancers.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <memory>
#include <string>
#include <string_view>

#include "model/machine.h"
#include "realnet/control/credentials.h"
#include "realnet/control/limits.h"
#include "realnet/control/stream_events.h"

namespace poise::realnet {

class StreamTable;

// Everything happens on the thread that runs the io_context; the dialer is made, used and destroyed
// there, and not from one of its own callbacks. A peer is named by whoever opens it.
class Dialer {
 public:
  using Endpoint = boost::asio::ip::tcp::endpoint;

  // Streams come from `local`, where it is an address of the remote's family and not unspecified.
  // Throws nothing of its own.
  Dialer(boost::asio::io_context& io, const boost::asio::ip::address& local,
         Credentials credentials, const Limits& limits, StreamEvents events);
  ~Dialer();  // cuts every stream, tells nothing
  Dialer(const Dialer&) = delete;
  Dialer& operator=(const Dialer&) = delete;

  // Answered by up or down, within connect_timeout and handshake_timeout. Up means that we believe
  // the other end. In TLS 1.3 it judges our certificate after that, so a down may follow at once
  // where it does not believe us. A stream of that peer which is open already is closed.
  void open(PeerId peer, const Endpoint& remote);
  // To a peer that is not up: nothing.
  void send(PeerId peer, std::string_view bytes);
  // Flushes what was sent, then closes; not answered. While it is not up yet: forgets it.
  void close(PeerId peer);
  // The name that the other end's credentials prove; empty: not up, or in plain text.
  std::string name_of(PeerId peer) const;

  // For the streams to come: a reload.
  void use(Credentials credentials);

  const StreamCounters& counters() const;
  std::size_t connection_count() const;  // all that have a descriptor, in any state

 private:
  boost::asio::io_context& io_;
  const boost::asio::ip::address local_;
  Credentials credentials_;
  std::unique_ptr<StreamTable> streams_;
};

}  // namespace poise::realnet
