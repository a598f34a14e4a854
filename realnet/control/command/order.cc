// What an operator's command line asks for.
#include "realnet/control/command/order.h"

#include <CLI/CLI.hpp>
#include <cmath>
#include <cstdlib>

namespace poise::realnet {
namespace {

constexpr const char* kFooter =
    "Without --socket: the one under /run/poise (balancer, agent, echo, files, witness) that a\n"
    "daemon listens on. NAME is a backend; towards an agent it is left out.\n"
    "Status: 0 done, 1 refused or unknown, 2 wrong usage, 3 no daemon or no answer in time.";

// Adds a subcommand that asks for `word`.
CLI::App* add(CLI::App& app, Order& order, const std::string& word, const std::string& what) {
  CLI::App* command = app.add_subcommand(word, what);
  command->callback([&order, word] {
    // "do" comes first in what is sent, whatever the options have put there already.
    nlohmann::ordered_json request{{"do", word}};
    request.update(order.request);
    order.request = std::move(request);
  });
  return command;
}

CLI::App* add_for_backend(CLI::App& app, Order& order, const std::string& word,
                          const std::string& what) {
  CLI::App* command = add(app, order, word, what);
  command->add_option_function<std::string>(
      "NAME", [&order](const std::string& name) { order.request["backend"] = name; },
      "The backend; left out towards an agent");
  return command;
}

// The server of a pair speaks for itself; a person, for one that cannot.
void add_for_server(CLI::App& app, Order& order) {
  CLI::App* command =
      add(app, order, "replica", "Towards an agent: what its host's replica is now");
  const auto take = [&](const char* name, const char* key, const char* what) {
    return command
        ->add_option_function<std::string>(
            name, [&order, key](const std::string& value) { order.request[key] = value; }, what)
        ->required();
  };
  take("PAIR", "pair", "The pair's name");
  take("INDEX", "index", "0 or 1")->check(CLI::IsMember({"0", "1"}));
  take("EPOCH", "epoch", "The newest that it knows; of an active replica, its own");
  take("STATE", "state", "active or standby")->check(CLI::IsMember({"active", "standby"}));
}

void describe(CLI::App& app, Order& order) {
  app.add_option("--socket", order.socket, "The daemon's socket")->type_name("PATH");
  app.add_flag("--json", order.json, "Print the answer as it came");
  app.add_option_function<double>(
         "--timeout",
         [&order](double seconds) {
           order.timeout = std::chrono::milliseconds(std::llround(seconds * 1000));
         },
         "Seconds to wait for the outcome (10)")
      ->check(CLI::Range(0.001, 86400.0))
      ->type_name("SECONDS");
  app.add_option("--completion", order.completion, "Print the completion of a shell: bash, zsh")
      ->check(CLI::IsMember({"bash", "zsh"}))
      ->type_name("SHELL");
  app.set_version_flag("--version", "poisectl " POISE_VERSION);

  add(app, order, "status", "What the daemon is, and how it is");
  add(app, order, "backends", "The backends and their states (of an agent: its balancers)")
      ->add_flag("--names", order.names, "Their names alone, one a line");
  add(app, order, "flows", "The flows that the daemon knows");
  add(app, order, "counters", "Everything that is counted");
  add_for_backend(app, order, "drain", "No new flows to a backend; those that it has may end");
  add_for_backend(app, order, "pause", "Takes a backend out until it is resumed; it drains first")
      ->add_flag_callback(
          "--now", [&order] { order.request["now"] = true; },
          "It does not drain: no packets from this moment on");
  add_for_backend(app, order, "resume", "A backend gets new flows again");
  add_for_backend(app, order, "deregister", "A backend leaves for good");
  add(app, order, "connections", "The connections of failover TCP");
  add(app, order, "migrate", "Hand the connections over to the standby");
  add(app, order, "promote", "Make a standby without a witness take over: the active is dead");
  add(app, order, "solo", "Let an active without a witness go on without its standby");
  add_for_server(app, order);
  add(app, order, "reload", "Read the configuration again");
  add(app, order, "stop", "End the daemon in good order");
}

}  // namespace

Order parse_order(int count, char** words) {
  Order order;
  order.timeout = std::chrono::seconds{10};
  CLI::App app("Gives orders to a daemon of Poise, and says what came of them.", "poisectl");
  app.footer(kFooter);
  app.fallthrough();
  app.require_subcommand(0, 1);
  describe(app, order);
  try {
    app.parse(count, words);
    if (order.request.empty() && order.completion.empty()) throw CLI::RequiredError("A command");
  } catch (const CLI::ParseError& error) {
    std::exit(app.exit(error) == 0 ? 0 : static_cast<int>(Exit::usage));
  }
  return order;
}

}  // namespace poise::realnet
