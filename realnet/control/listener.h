// Accepts control streams: what a balancer's agents dial.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "model/machine.h"
#include "realnet/control/credentials.h"
#include "realnet/control/limits.h"
#include "realnet/control/stream_events.h"
#include "realnet/system/fd.h"

namespace poise::realnet {

class StreamTable;

// Everything happens on the thread that runs the io_context; the listener is made, used and
// destroyed there, and not from one of its own callbacks. Every stream that authenticates itself
// gets a PeerId, which is not used again while the stream is up. Whoever does not, is never heard
// of outside of the counters and the log.
class Listener {
 public:
  using Endpoint = boost::asio::ip::tcp::endpoint;

  // Throws SystemError: "listen on 10.0.0.1:1338: Address already in use". Port 0: any, see
  // endpoint(). The IPv6 wildcard does not take IPv4; that is another listener.
  Listener(boost::asio::io_context& io, const Endpoint& endpoint, Credentials credentials,
           const Limits& limits, StreamEvents events);
  ~Listener();  // cuts every stream, tells nothing
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  // To a peer that is not up (any more): nothing.
  void send(PeerId peer, std::string_view bytes);
  // Flushes what was sent, then closes; not answered by a down event.
  void close(PeerId peer);
  // The name that the peer's credentials prove: of its certificate, or the identity of its key.
  // Empty: not up, or in plain text.
  std::string name_of(PeerId peer) const;

  // For the streams to come: a reload.
  void use(Credentials credentials);

  Endpoint endpoint() const;
  const StreamCounters& counters() const;
  std::size_t connection_count() const;  // all that have a descriptor, in any state

 private:
  void wait();
  void accept_some();
  bool has_token();
  bool admits(const Endpoint& remote);
  void take(Fd fd, const Endpoint& remote);
  void spend_spare(int why);
  void pause(std::chrono::milliseconds time);

  boost::asio::io_context& io_;
  boost::asio::ip::tcp::acceptor acceptor_;
  boost::asio::steady_timer timer_;
  Credentials credentials_;
  const Limits limits_;
  std::unique_ptr<StreamTable> streams_;
  PeerId last_peer_ = 0;
  Fd spare_;  // given up for a moment when no descriptor is left, to turn a connection away
  double tokens_;
  std::chrono::steady_clock::time_point tokens_at_;
  std::shared_ptr<void> life_;  // what a handler looks at before it touches this
};

}  // namespace poise::realnet
