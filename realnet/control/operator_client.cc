// The other end of an operator's socket.
#include "realnet/control/operator_client.h"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>

#include "realnet/control/operator_socket.h"

namespace poise::realnet {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kAnswerBytesMax = std::size_t{256} << 20;

struct Deadline {
  Clock::time_point at;
  std::chrono::milliseconds after;

  // Throws NoAnswer when the socket is not ready by then.
  void wait(const Fd& socket, short events) const {
    while (true) {
      const auto left = std::chrono::ceil<std::chrono::milliseconds>(at - Clock::now()).count();
      pollfd ready{socket.get(), events, 0};
      const int count = left <= 0 ? 0 : ::poll(&ready, 1, static_cast<int>(left));
      if (count > 0) return;
      if (count < 0 && errno == EINTR) continue;
      if (count < 0) throw NoAnswer("poll", errno);
      std::array<char, 32> seconds{};
      std::snprintf(seconds.data(), seconds.size(), "%g s",
                    std::chrono::duration<double>(after).count());
      throw NoAnswer("wait for an answer", std::string("none came within ") + seconds.data());
    }
  }
};

Fd reach(const std::string& path) {
  Fd socket = connect_to(path);
  if (socket) return socket;
  const int why = errno;
  const std::string attempt = "connect to " + path;
  if (why == ENOENT || why == ECONNREFUSED) throw NoAnswer(attempt, "no daemon listens there");
  throw NoAnswer(attempt, why);
}

void say(const Fd& socket, std::string_view text, const Deadline& deadline) {
  while (!text.empty()) {
    deadline.wait(socket, POLLOUT);
    const ssize_t count =
        ::send(socket.get(), text.data(), text.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (count >= 0) {
      text.remove_prefix(static_cast<std::size_t>(count));
    } else if (errno == EPIPE) {
      return;  // turned away; what it says about that is still to be read
    } else if (errno != EAGAIN && errno != EINTR) {
      throw NoAnswer("ask the daemon", errno);
    }
  }
}

std::string hear(const Fd& socket, const Deadline& deadline) {
  std::string text;
  std::array<char, 65536> piece{};
  while (text.find('\n', text.size() < piece.size() ? 0 : text.size() - piece.size()) ==
         std::string::npos) {
    deadline.wait(socket, POLLIN);
    const ssize_t count = ::recv(socket.get(), piece.data(), piece.size(), MSG_DONTWAIT);
    if (count < 0 && (errno == EAGAIN || errno == EINTR)) continue;
    if (count < 0) throw NoAnswer("wait for an answer", errno);
    if (count == 0) throw NoAnswer("wait for an answer", "the daemon hung up");
    text.append(piece.data(), static_cast<std::size_t>(count));
    if (text.size() > kAnswerBytesMax)
      throw NoAnswer("wait for an answer", "it is longer than 256 MiB");
  }
  return text.substr(0, text.find('\n'));
}

}  // namespace

nlohmann::ordered_json ask(const std::string& path, const nlohmann::ordered_json& request,
                           std::chrono::milliseconds timeout) {
  const Deadline deadline{Clock::now() + timeout, timeout};
  const Fd socket = reach(path);
  say(socket, request.dump() + "\n", deadline);
  const std::string text = hear(socket, deadline);
  nlohmann::ordered_json answer = nlohmann::ordered_json::parse(text, nullptr, false);
  if (!answer.is_object() || !answer.contains("ok") || !answer.at("ok").is_boolean())
    throw NoAnswer("read the answer", "it is not one of a Poise daemon");
  return answer;
}

}  // namespace poise::realnet
