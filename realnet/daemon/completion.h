// Completion of poised's command line in a shell, from the table of roles and their schema.
#pragma once

#include <string>

namespace poise::realnet {

// A script for bash; zsh reads the same through its bashcompinit.
std::string bash_completion();
std::string zsh_completion();

}  // namespace poise::realnet
