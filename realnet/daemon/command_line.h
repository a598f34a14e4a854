// What poised was called with, and the table of its roles.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <string_view>

#include "model/scenario/schema.h"
#include "realnet/daemon/settings/load.h"

namespace poise::realnet {

// A subcommand of poised.
struct Role {
  std::string_view name, summary;
  const scenario::Table& (*table)();             // its settings
  std::string (*print)(const Sources& sources);  // loads, checks, and shows them as TOML
  std::string (*clean)(const Sources& sources);  // puts the host back; what that was, as text
  int (*run)(const Sources& sources);            // nullptr: only what stands above
};
std::span<const Role> roles();

// Parses, does what is asked, and returns the exit status: 0 done, 1 the settings or the system are
// wrong, 2 the command line is.
int run_command_line(int count, const char* const* arguments);

}  // namespace poise::realnet
