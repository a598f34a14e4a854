// Makes a VIP be found at this host, by neighbours of its link, though the kernel does not hold it.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <string>
#include <vector>

#include "realnet/host/interface.h"
#include "realnet/tcp/vip_frames.h"

namespace poise::realnet {

// While it is present: announces the VIPs at once, after 50 and after 200 ms (a frame may be lost),
// and answers who asks for them. Otherwise it says nothing; and neither does a process that died.
// Everything happens on the thread that runs the io_context.
class VipPresence {
 public:
  // REQUIRES: interface.has_neighbours. `may_speak`: asked before everything that is said but the
  // first announcement, for a process that was stopped may have lost its right since. Throws
  // SystemError.
  VipPresence(boost::asio::io_context& io, std::vector<Address> vips, const Interface& interface,
              std::function<bool()> may_speak, std::function<void(std::string)> log);

  void appear();
  void vanish();
  bool present() const { return present_; }

 private:
  struct Socket {
    boost::asio::posix::stream_descriptor descriptor;
    std::uint16_t ethertype;
  };

  Socket open(std::uint16_t ethertype);
  void join_solicited(int socket);
  void wait(Socket& socket);
  void read(Socket& socket);
  void announce(std::size_t round);
  void send(const VipFrame& frame);

  boost::asio::io_context& io_;
  const std::vector<Address> vips_;
  const Interface interface_;
  const std::function<bool()> may_speak_;
  const std::function<void(std::string)> log_;
  std::vector<Socket> sockets_;
  boost::asio::steady_timer timer_;
  bool present_ = false;
};

}  // namespace poise::realnet
