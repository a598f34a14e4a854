// One shell function: roles, then flags, then the words that a flag takes.
#include "realnet/daemon/completion.h"

#include "model/policy/policy.h"
#include "realnet/daemon/command_line.h"
#include "realnet/daemon/settings/schema.h"

namespace poise::realnet {
namespace {

std::string words_of(const scenario::Field& field) {
  std::string words;
  const auto add = [&](std::string_view word) {
    words += (words.empty() ? "" : " ") + std::string(word);
  };
  for (const std::string_view word : field.words) add(word);
  if (field.type == scenario::Type::boolean) words = "true false";
  if (field.type == scenario::Type::policy)
    for (const policy::Entry& entry : policy::catalogue()) add(entry.kind);
  return words;
}

// A role's flags, and arms of a case by flag for those that take words.
void add_role(const Role& role, std::string& flags, std::string& values) {
  std::string all = "--help --config --check --print-config --clean";
  const scenario::Table& table = role.table();
  for_each_key(table, table.defaults,
               [&](const std::string& path, const scenario::Field& field, const void*) {
                 all += " --" + path;
                 const std::string words = words_of(field);
                 const std::string arm = "    --" + path + ") offers=\"" + words + "\" ;;\n";
                 if (!words.empty() && values.find(arm) == std::string::npos) values += arm;
               });
  flags += "    " + std::string(role.name) + ") offers=\"" + all + "\" ;;\n";
}

}  // namespace

std::string bash_completion() {
  std::string names, flags, values;
  for (const Role& role : roles()) {
    names += std::string(role.name) + " ";
    add_role(role, flags, values);
  }
  return "_poised() {\n"
         "  local current=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]} offers=\n"
         "  case $before in\n"
         "    -f|--config) COMPREPLY=($(compgen -f -- \"$current\")); return ;;\n"
         "    --completion) offers=\"bash zsh\" ;;\n" +
         values +
         "    --*.*) COMPREPLY=(); return ;;\n"
         "  esac\n"
         "  [ -n \"$offers\" ] || case ${COMP_WORDS[1]} in\n" +
         flags + "    *) offers=\"" + names +
         "--help --version --completion --manual\" ;;\n"
         "  esac\n"
         "  COMPREPLY=($(compgen -W \"$offers\" -- \"$current\"))\n"
         "}\n"
         "complete -F _poised poised\n";
}

std::string zsh_completion() {
  return "(( $+functions[compdef] )) || { autoload -U compinit && compinit; }\n"
         "autoload -U bashcompinit && bashcompinit\n" +
         bash_completion();
}

}  // namespace poise::realnet
