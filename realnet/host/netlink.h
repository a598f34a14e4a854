// Questions to the kernel's routing tables (rtnetlink), and their answers.
#pragma once

#include <libmnl/libmnl.h>

#include <functional>
#include <memory>
#include <string>

namespace poise::realnet {

// One socket in the network namespace of the thread that makes it. One thread at a time.
class Netlink {
 public:
  Netlink();  // throws SystemError

  // Sends a request (its length is in its header, its flags include NLM_F_ACK or NLM_F_DUMP) and
  // hands every answer to `each` until the kernel has said all. Throws SystemError(attempt, the
  // kernel's errno).
  void ask(nlmsghdr& request, const std::string& attempt,
           const std::function<void(const nlmsghdr&)>& each = {});

 private:
  struct Close {
    void operator()(mnl_socket* socket) const { ::mnl_socket_close(socket); }
  };
  std::unique_ptr<mnl_socket, Close> socket_;
  unsigned sequence_ = 0;
};

}  // namespace poise::realnet
