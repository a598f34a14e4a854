// poisectl: gives an operator's orders to a daemon, and says what came of them.
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

constexpr const char* kBalancer = "/run/poise/balancer.sock";
constexpr const char* kAgent = "/run/poise/agent.sock";

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
    const bool balancer = is_there(kBalancer);
    const bool agent = is_there(kAgent);
    if (balancer && agent)
      return complain(std::string("a balancer and an agent are here: choose one, --socket ") +
                          kBalancer + " or --socket " + kAgent,
                      Exit::usage);
    if (!balancer && !agent)
      return complain(std::string("no daemon listens on ") + kBalancer + " or " + kAgent +
                          "; is another meant (--socket PATH)?",
                      Exit::no_answer);
    socket = balancer ? kBalancer : kAgent;
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
