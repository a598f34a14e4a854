// One control stream over TCP, plain or in TLS. Part of listeners and dialers; not for others.
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "model/machine.h"
#include "realnet/control/credentials.h"
#include "realnet/control/limits.h"

namespace poise::realnet {

// Its life: (connecting ->) greeting -> up -> leaving -> closed. The owner is told of up and of the
// end, at most once each and never from inside send, leave or cut; and of closed, always, when the
// descriptor is gone. It lives as long as its owner or an operation of the io_context holds it.
class Stream : public std::enable_shared_from_this<Stream> {
 public:
  enum class Role : std::uint8_t { accepted, dialled };
  struct Owner {
    virtual void on_up(Stream& stream) = 0;
    virtual void on_bytes(Stream& stream, std::span<const std::uint8_t> bytes) = 0;
    // `count` says what ended it: lost, unsent_overflown, handshakes_failed, ...
    virtual void on_end(Stream& stream, StreamCount count, const std::string& why) = 0;
    virtual void on_closed(Stream& stream) = 0;

   protected:
    ~Owner() = default;
  };
  using Tcp = boost::asio::ip::tcp;

  Stream(Owner& owner, PeerId peer, Role role, Tcp::socket socket, Tcp::endpoint remote,
         Credentials credentials, const Limits& limits);

  // How an accepted stream begins: with its handshake.
  void greet();
  // How a dialled one begins: with its connection, from `local` where that is an address of the
  // remote's family.
  void dial(const boost::asio::ip::address& local);
  // REQUIRES: up. What exceeds Limits::unsent_bytes_max ends the stream.
  void send(std::string_view bytes);
  // Ends it from our side: the owner hears of closed alone. What was sent is flushed, then our
  // end is closed, then the other end has Limits::linger to close its own.
  void leave();
  // The same, at once.
  void cut();
  // The owner goes away: cut, and not even closed is told.
  void abandon();

  PeerId peer() const { return peer_; }
  bool up() const { return phase_ == Phase::up; }
  bool greeting() const { return phase_ == Phase::greeting || phase_ == Phase::connecting; }
  const Tcp::endpoint& remote() const { return remote_; }
  const std::string& name() const { return name_; }  // authenticated; empty in plain text

 private:
  enum class Phase : std::uint8_t { connecting, greeting, up, leaving, closed };
  using Error = boost::system::error_code;

  template <class F>
  auto guarded(F handler);
  template <class F>
  void with_transport(F use);

  void open_from(const boost::asio::ip::address& local);
  void greeted(const Error& error);
  void rise();
  void read();
  void took(const Error& error, std::size_t count);
  void write();
  void wrote(const Error& error);
  void finish();  // everything was sent
  void say_end();
  void part();
  void discard();
  // Ends it, unless it has come to another phase by then.
  void expire_in(std::chrono::milliseconds time, StreamCount count, const char* why);
  void end(StreamCount count, const std::string& why);
  void tell_end(StreamCount count, const std::string& why);
  std::string why_not(const Error& error);

  Owner* owner_;
  const PeerId peer_;
  const Role role_;
  Phase phase_;
  bool end_told_ = false;  // or not wanted
  bool writing_ = false;
  bool overflown_ = false;
  bool said_end_ = false;   // our end is closed
  bool heard_end_ = false;  // the other's is
  Tcp::socket socket_;
  std::optional<boost::asio::ssl::stream<Tcp::socket&>> tls_;  // none: plain text
  Tcp::endpoint remote_;
  Credentials credentials_;
  const Limits limits_;
  boost::asio::steady_timer timer_;
  std::string name_;
  std::vector<std::uint8_t> in_;
  std::string out_;      // not yet handed to the socket
  std::string on_wire_;  // handed to it
};

}  // namespace poise::realnet
