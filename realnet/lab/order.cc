// An operator's order to a daemon of the lab.
#include "realnet/lab/order.h"

#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "model/check.h"
#include "realnet/system/error.h"

namespace poise::realnet::lab {

namespace {

Fd connect_to(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  POISE_CHECK(path.size() < sizeof address.sun_path);
  std::memcpy(address.sun_path, path.data(), path.size());
  Fd socket(checked(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), "socket"));
  const auto* generic = reinterpret_cast<const sockaddr*>(&address);
  if (::connect(socket.get(), generic, sizeof address) < 0) socket.reset();
  return socket;
}

nlohmann::json no_answer(const std::string& why) {
  return {{"ok", false}, {"error", why}};
}

}  // namespace

Order::Order(Loop& loop, const std::string& socket, const std::string& request, Answered answered)
    : loop_(loop), answered_(std::move(answered)), socket_(connect_to(socket)) {
  const std::string line = request + "\n";
  if (!socket_ || ::send(socket_.get(), line.data(), line.size(), MSG_NOSIGNAL) < 0) {
    socket_.reset();
    loop_.at(loop_.now(),
             [answered = answered_] { answered(no_answer("nobody listens at its socket")); });
    return;
  }
  loop_.watch(socket_.get(), EPOLLIN, [this](std::uint32_t) { read(); });
}

Order::~Order() {
  if (socket_) loop_.forget(socket_.get());
}

void Order::read() {
  std::array<char, 4096> piece;
  const ssize_t size = ::read(socket_.get(), piece.data(), piece.size());
  if (size < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (size <= 0) return end(line_);
  line_.append(piece.data(), static_cast<std::size_t>(size));
  if (const std::size_t at = line_.find('\n'); at != std::string::npos) end(line_.substr(0, at));
}

void Order::end(const std::string& line) {
  loop_.forget(socket_.get());
  socket_.reset();
  const nlohmann::json answer = nlohmann::json::parse(line, nullptr, false);
  const Answered answered = std::move(answered_);
  answered(answer.is_object() ? answer : no_answer("it hung up"));
}

}  // namespace poise::realnet::lab
