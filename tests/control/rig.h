// What the laws of control streams stand on: a namespace of their own, an io_context, both ends.
#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <functional>
#include <iostream>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "realnet/control/dialer.h"
#include "realnet/control/listener.h"
#include "realnet/system/fd.h"

namespace poise::realnet::testing {

using namespace std::chrono_literals;
namespace asio = boost::asio;

// Runs the io_context until `done` holds; false: it did not within the time.
inline bool run_until(asio::io_context& io, const std::function<bool()>& done,
                      std::chrono::milliseconds limit = 10s) {
  const auto until = std::chrono::steady_clock::now() + limit;
  while (!done()) {
    if (std::chrono::steady_clock::now() >= until) return false;
    io.restart();
    io.run_one_for(20ms);
  }
  return true;
}

// What one owner was told, peer by peer.
struct Diary {
  struct Entry {
    int ups = 0;
    int downs = 0;
    std::string text;
  };
  std::map<PeerId, Entry> peers;
  std::vector<std::string> log;
  std::function<void(PeerId, PeerEvent)> also_on_peer;
  std::function<void(PeerId, std::string)> also_on_message;

  StreamEvents events() {
    return {[this](PeerId peer, PeerEvent event) {
              ++(event == PeerEvent::up ? peers[peer].ups : peers[peer].downs);
              if (also_on_peer) also_on_peer(peer, event);
            },
            [this](PeerId peer, std::span<const std::uint8_t> bytes) {
              const std::string text(bytes.begin(), bytes.end());
              peers[peer].text += text;
              if (also_on_message) also_on_message(peer, text);
            },
            [this](std::string line) { log.push_back(std::move(line)); }};
  }
  int ups() const {
    int count = 0;
    for (const auto& [peer, entry] : peers) count += entry.ups;
    return count;
  }
  int downs() const {
    int count = 0;
    for (const auto& [peer, entry] : peers) count += entry.downs;
    return count;
  }
};

// A listener on a port of loopback's, and a dialer to it.
struct Rig {
  explicit Rig(const Credentials& listening = Credentials::plain(),
               const Credentials& dialling = Credentials::plain(), const Limits& limits = {},
               const char* address = "127.0.0.1")
      : listener(std::make_unique<Listener>(io,
                                            Listener::Endpoint(asio::ip::make_address(address), 0),
                                            listening, limits, at_listener.events())),
        dialer(std::make_unique<Dialer>(io, asio::ip::address(), dialling, limits,
                                        at_dialer.events())) {}

  ~Rig() {
    if (!::testing::Test::HasFailure()) return;
    for (const std::string& line : at_listener.log) std::cout << "listener: " << line << "\n";
    for (const std::string& line : at_dialer.log) std::cout << "dialer: " << line << "\n";
  }

  bool until(const std::function<bool()>& done, std::chrono::milliseconds limit = 10s) {
    return run_until(io, done, limit);
  }
  // Dials as `peer` and waits for both ends.
  bool comes_up(PeerId peer = 7) {
    const int before = at_listener.ups();
    dialer->open(peer, listener->endpoint());
    return until([&] { return at_listener.ups() > before && at_dialer.peers[peer].ups > 0; });
  }
  // Dials as `peer` and waits until that has failed.
  bool is_refused(PeerId peer = 7) {
    dialer->open(peer, listener->endpoint());
    return until([&] { return at_dialer.peers[peer].downs > 0; }) &&
           until([&] { return listener->connection_count() == 0; });
  }
  std::uint64_t count(StreamCount what) const { return listener->counters()[what]; }

  asio::io_context io;
  Diary at_listener;
  Diary at_dialer;
  std::unique_ptr<Listener> listener;
  std::unique_ptr<Dialer> dialer;
};

// A client that is no Dialer: a blocking socket, connected by the kernel alone.
inline Fd raw_client(const Listener::Endpoint& to) {
  Fd fd(::socket(to.protocol().family(), SOCK_STREAM | SOCK_CLOEXEC, 0));
  EXPECT_EQ(::connect(fd.get(), to.data(), static_cast<socklen_t>(to.size())), 0);
  return fd;
}

inline std::size_t descriptors_open() {
  std::size_t count = 0;
  for (int fd = 0; fd < 4096; ++fd) count += ::fcntl(fd, F_GETFD) >= 0;
  return count;
}

}  // namespace poise::realnet::testing
