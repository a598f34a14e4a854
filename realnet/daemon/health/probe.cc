// One look at a service.
#include "realnet/daemon/health/probe.h"

#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <cerrno>
#include <charconv>
#include <cstring>
#include <sstream>
#include <vector>

#include "realnet/system/error.h"
#include "realnet/system/fd.h"
#include "realnet/system/process.h"

namespace poise::realnet {

namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

// Waits for the socket until `end`.
void await(const Fd& socket, short events, Clock::time_point end, const std::string& attempt) {
  const auto left = std::chrono::duration_cast<milliseconds>(end - Clock::now()).count();
  pollfd ready{socket.get(), events, 0};
  const int count = ::poll(&ready, 1, static_cast<int>(std::max<long>(0, left)));
  if (count < 0) throw SystemError(attempt, errno);
  if (count == 0) throw SystemError(attempt, ETIMEDOUT);
}

Fd connect(const std::string& host, const std::string& port, Clock::time_point end) {
  const std::string attempt =
      "connect to " + (host.find(':') == std::string::npos ? host : '[' + host + ']') + ':' + port;
  addrinfo wanted{};
  wanted.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV;
  wanted.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (const int error = ::getaddrinfo(host.c_str(), port.c_str(), &wanted, &found); error != 0)
    throw SystemError(attempt, std::string(::gai_strerror(error)));
  Fd socket(::socket(found->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  const int result = socket ? ::connect(socket.get(), found->ai_addr, found->ai_addrlen) : -1;
  const int why = errno;
  ::freeaddrinfo(found);
  if (result < 0 && why != EINPROGRESS) throw SystemError(attempt, why);
  await(socket, POLLOUT, end, attempt);
  int error = 0;
  socklen_t size = sizeof error;
  ::getsockopt(socket.get(), SOL_SOCKET, SO_ERROR, &error, &size);
  if (error != 0) throw SystemError(attempt, error);
  return socket;
}

struct Url {
  std::string host, port = "80", path = "/";
};

// http://HOST[:PORT][/PATH], HOST an address; an IPv6 one in brackets.
Url parse_url(const std::string& text) {
  Url url;
  std::string_view rest = std::string_view(text).substr(std::strlen("http://"));
  if (const std::size_t slash = rest.find('/'); slash != std::string_view::npos) {
    url.path = rest.substr(slash);
    rest = rest.substr(0, slash);
  }
  const std::size_t bracket = rest.find(']');
  const std::size_t colon = rest.find(':', bracket == std::string_view::npos ? 0 : bracket);
  if (colon != std::string_view::npos) url.port = rest.substr(colon + 1);
  rest = rest.substr(0, colon);
  if (rest.starts_with('[') && rest.ends_with(']')) rest = rest.substr(1, rest.size() - 2);
  url.host = rest;
  return url;
}

// Well is a status of 2xx or 3xx.
void get(const std::string& text, Clock::time_point end) {
  const Url url = parse_url(text);
  const std::string attempt = "GET " + text;
  const Fd socket = connect(url.host, url.port, end);
  const std::string request = "GET " + url.path + " HTTP/1.0\r\nHost: " + url.host +
                              "\r\nUser-Agent: poise\r\nConnection: close\r\n\r\n";
  checked(static_cast<int>(::send(socket.get(), request.data(), request.size(), MSG_NOSIGNAL)),
          attempt);
  std::string answer;
  while (answer.find('\n') == std::string::npos && answer.size() < 4096) {
    await(socket, POLLIN, end, attempt);
    char piece[512];
    const ssize_t size = ::recv(socket.get(), piece, sizeof piece, 0);
    if (size <= 0) throw SystemError(attempt, "no answer");
    answer.append(piece, static_cast<std::size_t>(size));
  }
  const std::size_t space = answer.find(' ');
  int status = 0;
  if (answer.starts_with("HTTP/") && space != std::string::npos)
    std::from_chars(answer.data() + space + 1, answer.data() + answer.size(), status);
  if (status < 200 || status >= 400) throw SystemError(attempt, "status " + std::to_string(status));
}

void execute(const std::string& line, milliseconds timeout) {
  Command command{.timeout = timeout};
  std::istringstream words(line);
  for (std::string word; words >> word;) command.arguments.push_back(word);
  const Finished finished = run(command);
  if (finished.status != 0)
    throw SystemError(command.arguments[0], "status " + std::to_string(finished.status));
}

}  // namespace

std::string probe(const HealthCheck& check, const Address& host, milliseconds timeout) {
  const Clock::time_point end = Clock::now() + timeout;
  try {
    switch (check.kind) {
      case HealthCheck::Kind::none:
        break;
      case HealthCheck::Kind::tcp:
        static_cast<void>(connect(host.to_string(), std::to_string(check.port), end));
        break;
      case HealthCheck::Kind::http:
        get(check.target, end);
        break;
      case HealthCheck::Kind::exec:
        execute(check.target, timeout);
        break;
    }
    return "";
  } catch (const SystemError& error) {
    return error.what();
  }
}

}  // namespace poise::realnet
