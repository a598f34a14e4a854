// What a reload would change, and whether a running daemon can take it over.
#pragma once

#include <string>
#include <vector>

#include "realnet/daemon/settings/settings.h"
#include "realnet/daemon/settings/tcp_settings.h"

namespace poise::realnet {

// One line a key: "log.level: \"info\" -> \"debug\"". A file that is named by an unchanged key may
// have changed: credentials and the log are opened anew on every reload.
struct Changes {
  std::vector<std::string> running;  // take effect at once
  std::vector<std::string> restart;  // only a restart brings them

  bool empty() const { return running.empty() && restart.empty(); }
};

Changes changes(const BalancerSettings& before, const BalancerSettings& after);
Changes changes(const AgentSettings& before, const AgentSettings& after);
Changes changes(const TcpServerSettings& before, const TcpServerSettings& after);
Changes changes(const WitnessSettings& before, const WitnessSettings& after);

}  // namespace poise::realnet
