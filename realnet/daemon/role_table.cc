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

template <class Settings>
std::string clean(const Settings& settings) {
  const std::size_t count = HostSetup::undo_leftovers(settings.state.folder, settings.machine.name);
  return count == 0 ? "nothing was left\n" : std::to_string(count) + " changes put back\n";
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
};

}  // namespace

std::span<const Role> roles() {
  return kRoles;
}

}  // namespace poise::realnet
