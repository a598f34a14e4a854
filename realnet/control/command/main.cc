// poisectl: gives an operator's orders to a daemon, and says what came of them.
#include <array>
#include <cerrno>
#include <cstdio>
#include <exception>
#include <string>

#include "realnet/control/command/completion.h"
#include "realnet/control/command/order.h"
#include "realnet/control/command/show.h"
#include "realnet/control/operator_client.h"
#include "realnet/control/operator_socket.h"

namespace poise::realnet {
namespace {

constexpr std::array kSockets{"/run/poise/balancer.sock", "/run/poise/agent.sock",
                              "/run/poise/echo.sock",     "/run/poise/files.sock",
                              "/run/poise/exchange.sock", "/run/poise/witness.sock"};

Exit complain(const std::string& what, Exit status) {
  std::fprintf(stderr, "poisectl: %s\n", what.c_str());
  return status;
}

// Somebody listens, or may: a daemon that is too busy, or that is not for us.
bool is_there(const char* path) {
  return connect_to(path) || (errno != ENOENT && errno != ECONNREFUSED);
}

Exit print(const std::string& text) {
  if (std::fwrite(text.data(), 1, text.size(), stdout) == text.size() && std::fflush(stdout) == 0)
    return Exit::done;
  return complain("the answer could not be written", Exit::no_answer);
}

Exit carry_out(const Order& order) {
  if (!order.completion.empty()) return print(completion(order.completion));
  std::string socket = order.socket;
  if (socket.empty()) {
    std::string choices;
    for (const char* path : kSockets) {
      if (!is_there(path)) continue;
      choices += (choices.empty() ? "--socket " : " or --socket ") + std::string(path);
      socket = path;
    }
    if (choices.find(" or ") != std::string::npos)
      return complain("several daemons are here: choose one, " + choices, Exit::usage);
    if (socket.empty())
      return complain(
          std::string("no daemon listens on ") + kSockets[0] + " or " + kSockets[1] +
              ", nor on those of echo, files, exchange or witness; is another meant (--socket "
              "PATH)?",
          Exit::no_answer);
  }
  const nlohmann::ordered_json answer = ask(socket, order.request, order.timeout);
  const bool done = answer.at("ok").get<bool>();
  if (order.json) {
    const Exit printed = print(answer.dump() + "\n");
    return printed == Exit::done && !done ? Exit::refused : printed;
  }
  if (!done)
    return complain(answer.value("error", std::string("the daemon refuses")), Exit::refused);
  return print(order.names ? show_names(answer) : show(answer));
}

}  // namespace
}  // namespace poise::realnet

int main(int count, char** words) {
  using namespace poise::realnet;
  const Order order = parse_order(count, words);
  try {
    return static_cast<int>(carry_out(order));
  } catch (const std::exception& error) {
    return static_cast<int>(complain(error.what(), Exit::no_answer));
  }
}
