// The kernel's TCP sockets inside the lab's namespaces.
#pragma once

#include <cstdint>
#include <string>

#include "model/address.h"
#include "model/time.h"
#include "realnet/system/fd.h"

namespace poise::realnet::lab {

struct Endpoint {
  Address address;
  std::uint16_t port = 0;
};

// All sockets do not block and do not wait to fill segments. `where`: a namespace's path. These
// throw SystemError.
Fd listen_tcp(const std::string& where, std::uint16_t port);
// error: errno of what failed at once; 0: the connection is under way.
struct Connecting {
  Fd socket;
  int error = 0;
};
Connecting connect_tcp(const std::string& where, const Endpoint& from, const Endpoint& to);

// The next connection that waits; none: an empty Fd.
Fd accept_tcp(int listener);

// errno of what ended the connection, or of its opening; 0: none so far.
int take_error(int socket);

// As at the death of its host: nothing more is said to its peer that could be delayed.
void abandon(Fd& socket);

// What its TCP knows about the connection now.
struct TcpState {
  Duration timeout{};  // until it sends again what is not acknowledged (RFC 6298), without backoff
  std::uint32_t retransmits = 0;  // segments sent again, of all its life
};
TcpState tcp_state(int socket);

}  // namespace poise::realnet::lab
