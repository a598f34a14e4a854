// Questions to the kernel's routing tables (rtnetlink), and their answers.
#include "realnet/host/netlink.h"

#include <linux/netlink.h>
#include <linux/rtnetlink.h>

#include <array>
#include <cerrno>

#include "realnet/system/error.h"

namespace poise::realnet {

Netlink::Netlink() : socket_(::mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC)) {
  if (!socket_) throw SystemError("open a netlink socket", errno);
  checked(::mnl_socket_bind(socket_.get(), 0, MNL_SOCKET_AUTOPID), "bind a netlink socket");
}

void Netlink::ask(nlmsghdr& request, const std::string& attempt,
                  const std::function<void(const nlmsghdr&)>& each) {
  request.nlmsg_seq = ++sequence_;
  checked(static_cast<int>(::mnl_socket_sendto(socket_.get(), &request, request.nlmsg_len)),
          attempt);
  alignas(nlmsghdr) std::array<char, 32 * 1024> buffer;
  for (;;) {
    int left = static_cast<int>(::mnl_socket_recvfrom(socket_.get(), buffer.data(), buffer.size()));
    checked(left, attempt);
    const auto* message = reinterpret_cast<const nlmsghdr*>(buffer.data());
    for (; ::mnl_nlmsg_ok(message, left); message = ::mnl_nlmsg_next(message, &left)) {
      if (message->nlmsg_seq != sequence_) continue;
      if (message->nlmsg_type == NLMSG_DONE) return;
      if (message->nlmsg_type == NLMSG_ERROR) {
        const auto* error = static_cast<const nlmsgerr*>(::mnl_nlmsg_get_payload(message));
        if (error->error != 0) throw SystemError(attempt, -error->error);
        return;
      }
      if (each) each(*message);
    }
  }
}

}  // namespace poise::realnet
