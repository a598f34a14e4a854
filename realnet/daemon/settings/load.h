// A role's settings out of four layers: flags > environment > file > defaults, each value with
// where it came from, every mistake of all layers at once.
#pragma once

#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "realnet/daemon/settings/settings.h"
#include "realnet/daemon/settings/tcp_settings.h"

namespace poise::realnet {

// What is wrong with the settings, one line each:
//   balancer.toml:14: policy.kind is "magelv"; allowed: ...; did you mean "maglev"?
//   POISE_POLICY_KIND: policy.kind is "magelv"; ...        --policy.kind: policy.kind is ...
class SettingsError : public std::runtime_error {
 public:
  explicit SettingsError(std::vector<std::string> problems);
  // Never empty. what() is all of them, a line each.
  const std::vector<std::string>& problems() const { return problems_; }

 private:
  std::vector<std::string> problems_;
};

// Where a role's settings are looked for. Kept by a daemon, to read again on a reload.
struct Sources {
  std::optional<std::string> file;  // a path; in errors by its last part
  std::vector<std::pair<std::string, std::string>> environment;  // POISE_POLICY_KIND, text
  std::vector<std::pair<std::string, std::string>> flags;        // policy.kind, text
};

// By key; "default" has no entry: "balancer.toml:14", "POISE_POLICY_KIND", "--policy.kind".
using Origins = std::map<std::string, std::string, std::less<>>;

template <class Settings>
struct Loaded {
  Settings settings;
  Origins origins;
};

// Texts of the environment and of flags are plain: maglev, 0.5, true, 10.0.0.1,10.0.0.2; a value
// that begins with [ is TOML. Throws SettingsError, and SystemError when the file cannot be read.
Loaded<BalancerSettings> load_balancer(const Sources& sources);
Loaded<AgentSettings> load_agent(const Sources& sources);
Loaded<TcpServerSettings> load_tcp_server(Service service, const Sources& sources);
Loaded<WitnessSettings> load_witness(const Sources& sources);

// The variables of this process that begin with POISE_.
std::vector<std::pair<std::string, std::string>> environment();

// "policy.kind" -> "POISE_POLICY_KIND".
std::string variable_of(std::string_view key);

}  // namespace poise::realnet
