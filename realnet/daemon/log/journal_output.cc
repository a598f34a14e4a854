// Lines into systemd's journal, by its native protocol: one datagram of fields a line.

#include <sys/socket.h>
#include <sys/un.h>

#include <cerrno>
#include <cstring>
#include <string_view>

#include "realnet/daemon/log/output.h"
#include "realnet/system/error.h"

namespace poise::realnet {
namespace {

int priority_of(spdlog::level::level_enum level) {
  switch (level) {
    case spdlog::level::trace:
    case spdlog::level::debug:
      return 7;
    case spdlog::level::info:
      return 6;
    case spdlog::level::warn:
      return 4;
    case spdlog::level::err:
      return 3;
    default:
      return 2;
  }
}

// We speak the protocol ourselves because sd_journal_send waits for a journal that hangs.
class JournalOutput : public Output {
 public:
  explicit JournalOutput(const std::string& path)
      : path_(path),
        socket_(checked(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0),
                        "open a socket for the journal")) {
    address_.sun_family = AF_UNIX;
    if (path.size() >= sizeof(address_.sun_path))
      throw SystemError("open the journal at " + path, ENAMETOOLONG);
    path.copy(address_.sun_path, path.size());
    // Connected for this look alone: the journal may restart later.
    const Fd look(checked(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0), "open a socket"));
    checked(::connect(look.get(), address(), sizeof address_), "open the journal at " + path);
  }

 private:
  const sockaddr* address() const { return reinterpret_cast<const sockaddr*>(&address_); }

  // MESSAGE has no line break in it, so no field needs the protocol's binary form.
  int write(const spdlog::details::log_msg& message) override {
    const std::string_view text(message.payload.data(), std::min(message.payload.size(), kLineMax));
    std::string datagram = "PRIORITY=" + std::to_string(priority_of(message.level));
    datagram += "\nSYSLOG_IDENTIFIER=poised\nPOISE_EVENT=";
    datagram += text.substr(0, text.find(' '));
    datagram += "\nMESSAGE=";
    datagram += text;
    datagram += '\n';
    const ssize_t sent = ::sendto(socket_.get(), datagram.data(), datagram.size(),
                                  MSG_NOSIGNAL | MSG_DONTWAIT, address(), sizeof address_);
    return sent < 0 ? errno : 0;
  }

  std::string path_;
  sockaddr_un address_{};
  Fd socket_;
};

}  // namespace

std::shared_ptr<Output> output_to_journal(const std::string& socket_path) {
  return std::make_shared<JournalOutput>(socket_path);
}

}  // namespace poise::realnet
