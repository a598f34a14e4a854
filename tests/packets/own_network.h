// A network namespace of the test's own, without a name: it is gone with the test, whatever ends
// it.
#pragma once

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/socket.h>

#include <cstdint>
#include <cstdlib>
#include <span>
#include <string>
#include <vector>

#include "realnet/system/error.h"
#include "realnet/system/fd.h"

namespace poise::realnet {

// REQUIRES: no other thread of the process runs.
inline void run(const std::string& command) {
  ASSERT_EQ(std::system(command.c_str()), 0) << command;
}

// Moves the process into a fresh namespace whose loopback is up and holds 10.9.0.1 and 10.9.0.2,
// fd09::1 and fd09::2.
inline void enter_own_network() {
  checked(::unshare(CLONE_NEWNET), "make a network namespace (needs root)");
  run("ip link set lo up; ip addr add 10.9.0.1/32 dev lo; ip addr add 10.9.0.2/32 dev lo;"
      "ip addr add fd09::1/128 dev lo nodad; ip addr add fd09::2/128 dev lo nodad;"
      "sysctl -qw net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.lo.rp_filter=0"
      " net.ipv4.conf.all.accept_local=1 net.ipv4.conf.lo.accept_local=1");
}

// A UDP socket with a bounded wait.
class UdpSocket {
 public:
  UdpSocket(const std::string& address, std::uint16_t port);
  void send_to(const std::string& address, std::uint16_t port, std::span<const std::uint8_t> bytes);
  // Empty after two seconds without one.
  std::vector<std::uint8_t> receive();

 private:
  Fd fd_;
};

}  // namespace poise::realnet
