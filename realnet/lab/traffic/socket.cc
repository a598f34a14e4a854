// The kernel's TCP sockets inside the lab's namespaces.
#include "realnet/lab/traffic/socket.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <cerrno>
#include <chrono>

#include "realnet/system/error.h"
#include "realnet/system/namespace.h"

namespace poise::realnet::lab {

namespace {

constexpr int kBacklog = 4096;

sockaddr_in to_sockaddr(const Endpoint& endpoint) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(endpoint.port);
  address.sin_addr.s_addr = htonl(endpoint.address.as_v4());
  return address;
}

void set(int socket, int level, int option, int value, const char* name) {
  checked(::setsockopt(socket, level, option, &value, sizeof value), name);
}

// A socket stays where it was opened.
Fd open_tcp(const std::string& where) {
  const EnterNamespace inside(where);
  Fd socket(checked(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0),
                    "open a TCP socket in " + where));
  set(socket.get(), SOL_SOCKET, SO_REUSEADDR, 1, "set SO_REUSEADDR");
  set(socket.get(), IPPROTO_TCP, TCP_NODELAY, 1, "set TCP_NODELAY");
  return socket;
}

int bind_to(int socket, const Endpoint& endpoint) {
  const sockaddr_in address = to_sockaddr(endpoint);
  return ::bind(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address);
}

}  // namespace

Fd listen_tcp(const std::string& where, std::uint16_t port) {
  Fd socket = open_tcp(where);
  const std::string attempt = "listen on TCP port " + std::to_string(port) + " in " + where;
  checked(bind_to(socket.get(), {Address::v4(0), port}), attempt);
  checked(::listen(socket.get(), kBacklog), attempt);
  return socket;
}

Connecting connect_tcp(const std::string& where, const Endpoint& from, const Endpoint& to) {
  Connecting connecting{open_tcp(where)};
  const sockaddr_in address = to_sockaddr(to);
  if (bind_to(connecting.socket.get(), from) < 0 ||
      ::connect(connecting.socket.get(), reinterpret_cast<const sockaddr*>(&address),
                sizeof address) < 0)
    connecting.error = errno == EINPROGRESS ? 0 : errno;
  return connecting;
}

Fd accept_tcp(int listener) {
  Fd socket(::accept4(listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
  if (socket) set(socket.get(), IPPROTO_TCP, TCP_NODELAY, 1, "set TCP_NODELAY");
  return socket;
}

int take_error(int socket) {
  int error = 0;
  socklen_t size = sizeof error;
  checked(::getsockopt(socket, SOL_SOCKET, SO_ERROR, &error, &size), "get SO_ERROR");
  return error;
}

void abandon(Fd& socket) {
  const linger none{1, 0};
  static_cast<void>(::setsockopt(socket.get(), SOL_SOCKET, SO_LINGER, &none, sizeof none));
  socket.reset();
}

TcpState tcp_state(int socket) {
  tcp_info facts{};
  socklen_t size = sizeof facts;
  checked(::getsockopt(socket, IPPROTO_TCP, TCP_INFO, &facts, &size), "get TCP_INFO");
  TcpState state;
  state.timeout = std::chrono::microseconds{facts.tcpi_rto};
  state.timeout /= std::int64_t{1} << facts.tcpi_backoff;
  state.retransmits = facts.tcpi_total_retrans;
  return state;
}

}  // namespace poise::realnet::lab
