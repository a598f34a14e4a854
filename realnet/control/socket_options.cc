// What every control stream asks of its TCP.
#include "realnet/control/socket_options.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>

namespace poise::realnet {

void tune(int socket, const Limits& limits) noexcept {
  const auto set = [socket](int level, int option, int value) {
    ::setsockopt(socket, level, option, &value, sizeof value);
  };
  const int silence_ms = static_cast<int>(limits.silence_max.count());
  const int silence_s = std::max(2, silence_ms / 1000);
  set(IPPROTO_TCP, TCP_NODELAY, 1);
  set(IPPROTO_TCP, TCP_USER_TIMEOUT, silence_ms);
  set(SOL_SOCKET, SO_KEEPALIVE, 1);
  set(IPPROTO_TCP, TCP_KEEPIDLE, silence_s / 2);
  set(IPPROTO_TCP, TCP_KEEPINTVL, std::max(1, silence_s / 4));
  set(IPPROTO_TCP, TCP_KEEPCNT, 2);
}

}  // namespace poise::realnet
