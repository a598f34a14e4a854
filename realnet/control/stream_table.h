// The streams of a listener or a dialer, by peer. Part of both; not for others.
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "realnet/control/limited_log.h"
#include "realnet/control/limits.h"
#include "realnet/control/register_gate.h"
#include "realnet/control/stream.h"
#include "realnet/control/stream_events.h"

namespace poise::realnet {

class StreamTable final : public Stream::Owner {
 public:
  using Tcp = Stream::Tcp;

  StreamTable(const Limits& limits, StreamEvents events);
  ~StreamTable();
  StreamTable(const StreamTable&) = delete;
  StreamTable& operator=(const StreamTable&) = delete;

  // Both take a stream in and start it. REQUIRES: no stream of that peer is here.
  void accept(PeerId peer, Tcp::socket socket, const Tcp::endpoint& remote,
              const Credentials& credentials);
  // Its owner awaits an answer: down when it does not come up.
  void dial(PeerId peer, Tcp::socket socket, const boost::asio::ip::address& local,
            const Tcp::endpoint& remote, const Credentials& credentials);
  // To a peer that is not up: nothing.
  void send(PeerId peer, std::string_view bytes);
  void close(PeerId peer);
  // Empty: not up, or in plain text.
  std::string name_of(PeerId peer) const;

  bool contains(PeerId peer) const { return peers_.contains(peer); }
  std::size_t size() const { return streams_.size(); }  // with those that are leaving
  std::size_t greeting_count() const { return greeting_count_; }
  std::size_t count_of(const boost::asio::ip::address& source) const;

  // What hits a bound outside of a stream.
  void note(StreamCount count, const std::string& line);
  // The same with the peer's address in front.
  void note(StreamCount count, const Tcp::endpoint& remote, const std::string& why);

  StreamCounters counters;

 private:
  struct Peer {
    std::shared_ptr<Stream> stream;
    bool awaited = false;  // its end is news to the owner
    RegisterGate gate;
  };

  void on_up(Stream& stream) override;
  void on_bytes(Stream& stream, std::span<const std::uint8_t> bytes) override;
  void on_end(Stream& stream, StreamCount count, const std::string& why) override;
  void on_closed(Stream& stream) override;
  Stream& adopt(PeerId peer, Stream::Role role, Tcp::socket socket, const Tcp::endpoint& remote,
                const Credentials& credentials);
  template <class F>
  void tell(Stream& stream, F call);
  void refuse_name(Stream& stream, const std::string& wanted);

  const Limits limits_;
  const StreamEvents events_;
  LimitedLog log_;
  std::map<PeerId, Peer> peers_;                              // as the owner knows them
  std::map<const Stream*, std::shared_ptr<Stream>> streams_;  // all that have a descriptor
  std::map<boost::asio::ip::address, std::size_t> sources_;
  std::size_t greeting_count_ = 0;
};

}  // namespace poise::realnet
