// The one list of poised's roles.
#include <array>
#include <iostream>
#include <string>

#include "realnet/daemon/command_line.h"
#include "realnet/daemon/roles.h"
#include "realnet/daemon/settings/print.h"
#include "realnet/daemon/settings/schema.h"
#include "realnet/host/host_setup.h"

namespace poise::realnet {
namespace {

std::string clean(const StateSettings& state, const std::string& name) {
  const std::size_t count = HostSetup::undo_leftovers(state.folder, name);
  return count == 0 ? "nothing was left\n" : std::to_string(count) + " changes put back\n";
}

template <class Settings>
std::string clean(const Settings& settings) {
  return clean(settings.state, settings.machine.name);
}

// A server of failover TCP.
template <Service kService>
constexpr Role tcp_server(std::string_view name, std::string_view summary) {
  return {name,
          summary,
          []() -> const scenario::Table& { return tcp_server_table(kService); },
          [](const Sources& sources) { return print(load_tcp_server(kService, sources)); },
          [](const Sources& sources) {
            const TcpServerSettings settings = load_tcp_server(kService, sources).settings;
            return clean(settings.state, settings.name);
          },
          [](const Sources& sources) {
            const auto read = [&] { return load_tcp_server(kService, sources).settings; };
            return run_tcp_server(read(), read);
          }};
}

constexpr std::array kRoles{
    Role{"balancer", "Takes the packets of VIPs and sends each flow to its backend.",
         balancer_table, [](const Sources& sources) { return print(load_balancer(sources)); },
         [](const Sources& sources) { return clean(load_balancer(sources).settings); },
         [](const Sources& sources) {
           const auto read = [&] { return load_balancer(sources).settings; };
           return run_balancer(read(), read);
         }},
    Role{"agent", "Registers this host as a backend and takes packets out of their tunnels.",
         agent_table, [](const Sources& sources) { return print(load_agent(sources)); },
         [](const Sources& sources) { return clean(load_agent(sources).settings); },
         [](const Sources& sources) {
           const auto read = [&] { return load_agent(sources).settings; };
           return run_agent(read(), read);
         }},
    tcp_server<Service::echo>("echo",
                              "Echoes over TCP, as one of two replicas that outlive each other."),
    tcp_server<Service::files>("files", "Serves the files of a folder, likewise."),
    tcp_server<Service::exchange>("exchange",
                                  "Answers the requests of an experiment's clients, likewise."),
    Role{"witness", "The third vote of two replicas: who of them may speak.", witness_table,
         [](const Sources& sources) { return print(load_witness(sources)); },
         [](const Sources& sources) {
           const WitnessSettings settings = load_witness(sources).settings;
           return clean(settings.state, settings.name);
         },
         [](const Sources& sources) {
           const auto read = [&] { return load_witness(sources).settings; };
           return run_witness(read(), read);
         }},
};

}  // namespace

std::span<const Role> roles() {
  return kRoles;
}

}  // namespace poise::realnet
