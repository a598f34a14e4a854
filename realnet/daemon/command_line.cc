// The command line of poised: roles as subcommands, every key of their schema as a flag.
#include "realnet/daemon/command_line.h"

#include <CLI/CLI.hpp>
#include <iostream>
#include <memory>

#include "realnet/daemon/completion.h"
#include "realnet/daemon/manual.h"
#include "realnet/daemon/settings/schema.h"
#include "realnet/system/error.h"

namespace poise::realnet {
namespace {

// What a subcommand's options were set to.
struct Call {
  std::string file;
  bool check = false, print_config = false, clean = false;
  Sources sources;
};

void add_role(CLI::App& app, const Role& role, Call& call) {
  CLI::App& command = *app.add_subcommand(std::string(role.name), std::string(role.summary));
  command.add_option("-f,--config", call.file, "settings, TOML")->type_name("FILE");
  command.add_flag("--check", call.check, "only check the settings; status 0: they are good");
  command.add_flag("--print-config", call.print_config,
                   "only print the settings, each with where it came from");
  command.add_flag("--clean", call.clean,
                   "only put back what a killed life changed on this host: rules, VIPs, sysctls");
  const scenario::Table& table = role.table();
  for_each_key(
      table, table.defaults,
      [&](const std::string& path, const scenario::Field& field, const void*) {
        const bool is_switch = field.type == scenario::Type::boolean;
        CLI::Option* option = command.add_option_function<std::string>(
            "--" + path,
            [&call, path, is_switch](const std::string& text) {
              call.sources.flags.emplace_back(path, is_switch && text.empty() ? "true" : text);
            },
            std::string(field.doc));
        option->type_name("VALUE")->group("Settings (over POISE_SECTION_KEY, over the file)");
        if (is_switch) option->expected(0, 1);  // --standby is --standby true
      });
}

int say(const std::string& text) {
  std::cout << text << std::flush;
  return std::cout ? 0 : 1;
}

int run_role(const Role& role, Call& call) {
  if (!call.file.empty()) call.sources.file = call.file;
  call.sources.environment = environment();
  const std::string settings = role.print(call.sources);
  if (call.print_config) return say(settings);
  if (call.check) return 0;
  if (call.clean) return say(role.clean(call.sources));
  if (role.run) return role.run(call.sources);
  std::cerr << "poised " << role.name << ": expected --check or --print-config\n";
  return 2;
}

}  // namespace

int run_command_line(int count, const char* const* arguments) {
  CLI::App app("Poise on real packets: one daemon, several roles.", "poised");
  app.set_version_flag("--version", "poised " POISE_VERSION);
  app.require_subcommand(0, 1);
  std::string shell, page;
  app.add_option("--completion", shell, "print a script that completes commands")
      ->check(CLI::IsMember({"bash", "zsh"}))
      ->type_name("SHELL");
  app.add_option("--manual", page, "print the source of a manual page")
      ->check(CLI::IsMember(manual_pages()))
      ->type_name("PAGE");
  std::map<std::string_view, Call> calls;
  for (const Role& role : roles()) add_role(app, role, calls[role.name]);
  try {
    app.parse(count, arguments);
    if (!shell.empty()) return say(shell == "bash" ? bash_completion() : zsh_completion());
    if (!page.empty()) return say(manual_page(page));
    if (app.get_subcommands().empty()) throw CLI::RequiredError("A role");
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  try {
    for (const Role& role : roles())
      if (app.got_subcommand(std::string(role.name))) return run_role(role, calls[role.name]);
  } catch (const std::exception& error) {
    std::cerr << error.what() << "\n";
  }
  return 1;
}

}  // namespace poise::realnet
