// Completion of poisectl's command line in a shell.
#include "realnet/control/command/completion.h"

namespace poise::realnet {
namespace {

// Names are asked of the daemon, with the socket that stands on the line already.
constexpr std::string_view kBash = R"(_poisectl() {
  local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]}
  local commands="status backends flows counters drain pause resume deregister"
  commands+=" connections migrate promote solo replica reload stop"
  local options="--socket --json --timeout --completion --version --help"
  local command="" socket=() i
  case $before in
    --socket) COMPREPLY=($(compgen -f -- "$word")); return ;;
    --completion) COMPREPLY=($(compgen -W "bash zsh" -- "$word")); return ;;
    --timeout) COMPREPLY=(); return ;;
  esac
  for ((i = 1; i < COMP_CWORD; i++)); do
    case ${COMP_WORDS[i]} in
      --socket) socket=(--socket "${COMP_WORDS[i+1]}"); ((++i)) ;;
      --timeout | --completion) ((++i)) ;;
      -*) ;;
      *) [[ -n $command ]] || command=${COMP_WORDS[i]} ;;
    esac
  done
  [[ $command == pause ]] && options="--now $options"
  [[ $command == backends ]] && options="--names $options"
  case $command in
    "") options="$commands $options" ;;
    drain | pause | resume | deregister)
      options="$(poisectl "${socket[@]}" --timeout 1 backends --names 2>/dev/null) $options" ;;
  esac
  COMPREPLY=($(compgen -W "$options" -- "$word"))
}
complete -F _poisectl poisectl
)";

// The same function: zsh runs bash's completions.
constexpr std::string_view kZshHead = R"(#compdef poisectl
autoload -U +X bashcompinit && bashcompinit
)";

}  // namespace

std::string completion(std::string_view shell) {
  return std::string(shell == "zsh" ? kZshHead : "") + std::string(kBash);
}

}  // namespace poise::realnet
