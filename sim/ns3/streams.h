// The reliable streams between machines: TCP connections over the simulated network.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <utility>

#include <ns3/socket.h>

#include "model/address.h"
#include "model/machine.h"

namespace poise::ns3world {

// Where balancers accept control streams.
inline constexpr std::uint16_t kControlPort = 1338;

// Gives a fresh TCP socket of one node.
using SocketMaker = std::function<ns3::Ptr<ns3::Socket>()>;

// All streams of one machine. It accepts them (and names them, from 1 up) or opens them (by the
// machine's names). An accepted or opened stream tells `up`, its bytes, and `down` once, unless
// the machine closed it.
class Streams {
 public:
  struct Events {
    std::function<void(PeerId, PeerEvent)> on_peer;
    std::function<void(PeerId, std::span<const std::uint8_t>)> on_message;
  };

  // With `accepted`, every stream that is accepted has that name, and ends the one before.
  explicit Streams(Events events, std::uint16_t port = kControlPort,
                   std::optional<PeerId> accepted = std::nullopt)
      : events_(std::move(events)), port_(port), accepted_(accepted) {}
  ~Streams() { abandon(); }
  Streams(const Streams&) = delete;
  Streams& operator=(const Streams&) = delete;

  void listen(ns3::Ptr<ns3::Socket> listener, const Address& local);
  // An open stream of that name is closed first.
  void open(PeerId peer, ns3::Ptr<ns3::Socket> socket, const Address& local, const Address& remote);
  // Bytes for a stream that is gone are dropped: its `down` is on the way or was told.
  void send(PeerId peer, const std::string& bytes);
  void close(PeerId peer);
  // Forgets all streams without a word on the wire: the host is dead.
  void abandon();

 private:
  struct Stream {
    ns3::Ptr<ns3::Socket> socket;
    std::string backlog;  // what TCP's buffer had no room for
    bool up = false;
  };

  void accept(ns3::Ptr<ns3::Socket> socket);
  void watch(PeerId peer, ns3::Ptr<ns3::Socket> socket);
  void connected(PeerId peer);
  void receive(PeerId peer);
  void flush(PeerId peer);
  void down(PeerId peer);

  Events events_;
  std::uint16_t port_;  // of its own listener, and of those it connects to
  std::optional<PeerId> accepted_;
  ns3::Ptr<ns3::Socket> listener_;
  std::map<PeerId, Stream> streams_;
  PeerId next_ = 1;
};

}  // namespace poise::ns3world
