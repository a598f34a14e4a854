// Completion of poisectl's command line in a shell.
#pragma once

#include <string>
#include <string_view>

namespace poise::realnet {

// What the shell reads: `source <(poisectl --completion bash)`. REQUIRES: "bash" or "zsh".
std::string completion(std::string_view shell);

}  // namespace poise::realnet
