// man(7) pages: poised(8) from the roles, poised-ROLE.toml(5) from each role's schema.
#include "realnet/daemon/manual.h"

#include "model/check.h"
#include "model/policy/policy.h"
#include "model/scenario/problems.h"
#include "realnet/daemon/command_line.h"
#include "realnet/daemon/settings/schema.h"

namespace poise::realnet {
namespace {

using scenario::Field;
using scenario::Table;
using scenario::Type;

// Text that roff leaves as it is.
std::string plain(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '\\')
      out += "\\e";
    else if (c == '-')
      out += "\\-";
    else
      out += c;
  }
  return out.starts_with('.') || out.starts_with('\'') ? "\\&" + out : out;
}

std::string bold(std::string_view text) {
  return "\\fB" + plain(text) + "\\fR";
}

std::string title(const std::string& name, const std::string& section, const std::string& what) {
  return ".TH \"" + plain(name) + "\" " + section +
         " \"\" \"Poise " POISE_VERSION "\" \"Poise\"\n.SH NAME\n" + plain(name) + " \\- " +
         plain(what) + "\n";
}

std::string section(std::string_view name) {
  return ".SH " + std::string(name) + "\n";
}

std::string entry(const std::string& head, const std::string& text) {
  return ".TP\n" + head + "\n" + text + "\n";
}

std::string allowed_of(const Field& field) {
  switch (field.type) {
    case Type::boolean:
      return "true or false";
    case Type::policy: {
      std::vector<std::string_view> kinds;
      for (const policy::Entry& of : policy::catalogue()) kinds.push_back(of.kind);
      return "one of " + scenario::listed(std::span<const std::string_view>(kinds));
    }
    case Type::word:
      return "one of " + scenario::listed(field.words);
    case Type::integer:
      return "an integer, " + scenario::range_text(field);
    case Type::seconds:
      return "a number, " + scenario::range_text(field);
    case Type::integers:
      return "a list of integers, " + scenario::range_text(field);
    case Type::texts:
      return field.accepts ? "a list, each " + std::string(field.form) : "a list of texts";
    case Type::tables:
      return "a list of tables";
    case Type::address:
      return "an address";
    default:
      return field.accepts ? std::string(field.form) : "a text";
  }
}

std::string key_entry(const Field& field, const void* defaults) {
  std::string text = plain(field.doc) + "\n.br\n" + plain(allowed_of(field)) + ". ";
  if (field.required)
    text += "Must be given.";
  else if (!field.doc.ends_with("Must be given."))
    text += "Default: " + plain(value_text(field, defaults)) + ".";
  return entry(bold(field.name), text);
}

std::string settings_page(const Role& role) {
  const Table& table = role.table();
  const std::string name = "poised-" + std::string(role.name) + ".toml";
  std::string out = title(name, "5", "settings of poised " + std::string(role.name));
  out += section("DESCRIPTION");
  out += "The settings of " + bold("poised " + std::string(role.name)) +
         ", in TOML. A value is looked for in this order, and the first wins: the flag " +
         bold("--SECTION.KEY") + ", the variable " + bold("POISE_SECTION_KEY") +
         " of the environment, the file, the default. Keys that stand above the sections are " +
         bold("--KEY") + " and " + bold("POISE_KEY") +
         ". Every key that is not known is an error.\n";
  std::string of;
  out += section("KEYS");
  for_each_key(table, table.defaults,
               [&](const std::string& path, const Field& field, const void* defaults) {
                 const std::size_t dot = path.find('.');
                 const std::string in = dot == std::string::npos ? "" : path.substr(0, dot);
                 if (in != of) {
                   out += ".SS [" + plain(in) + "]\n" + plain(table.find(in)->doc) + "\n";
                   of = in;
                 }
                 out += key_entry(field, defaults);
               });
  for (const Field& list : table.fields) {
    if (list.type != Type::tables) continue;
    out += ".SS [[" + plain(list.name) + "]]\nOne element of the list.\n";
    for (const Field& field : list.table->fields) out += key_entry(field, list.table->defaults);
  }
  out += section("WHILE IT RUNS");
  out +=
      "On SIGHUP the settings are read again. These keys take effect at once; a change of "
      "another is told in the log and waits for a restart:\n";
  for_each_key(table, table.defaults, [&](const std::string& path, const Field&, const void*) {
    if (may_change_while_running(path)) out += ".br\n" + bold(path) + "\n";
  });
  out += section("SEE ALSO");
  return out + bold("poised") + "(8)\n";
}

std::string program_page() {
  std::string out = title("poised", "8", "the daemon of Poise");
  out += section("SYNOPSIS");
  for (const Role& role : roles())
    out += ".B poised " + plain(role.name) +
           "\n[\\fB\\-\\-config\\fR FILE] [\\fB\\-\\-check\\fR] "
           "[\\fB\\-\\-print\\-config\\fR] [\\fB\\-\\-SECTION.KEY\\fR VALUE ...]\n.br\n";
  out +=
      ".B poised \\-\\-version\n.br\n.B poised \\-\\-completion bash|zsh\n.br\n"
      ".B poised \\-\\-manual PAGE\n";
  out += section("DESCRIPTION");
  out +=
      "Poise balances load between backends that answer the clients themselves (direct server "
      "return), and serves over TCP so that connections outlive their server. One program has "
      "several roles:\n";
  for (const Role& role : roles()) out += entry(bold(role.name), plain(role.summary));
  out += section("OPTIONS");
  out += entry("\\fB\\-f\\fR, \\fB\\-\\-config\\fR FILE",
               "The settings, TOML; see poised\\-ROLE.toml(5).");
  out += entry(bold("--check"), "Only check the settings: every mistake is told, on a line each.");
  out += entry(bold("--print-config"),
               "Only print the settings, each with where it came from: a flag, a variable, a line "
               "of the file, or the default.");
  out += entry(bold("--clean"),
               "Only put back what a killed life changed on this host: its rules, VIPs and "
               "sysctls. A start does that by itself.");
  out += entry(bold("--SECTION.KEY") + " VALUE",
               "One key of the settings, over the environment and the file. Texts need no quotes, "
               "lists are separated by commas; a value that begins with [ is TOML.");
  out += entry(bold("--completion") + " bash|zsh",
               "Print a script that completes commands: \\fBeval \"$(poised \\-\\-completion "
               "bash)\"\\fR.");
  out += entry(bold("--manual") + " PAGE", "Print the source of a manual page, such as this one.");
  out += section("SIGNALS");
  out += entry(
      "SIGTERM, SIGINT",
      "Stop, after stop_drain_s at most; the second time, at once. A server of failover TCP hands "
      "its connections over to its standby.");
  out += entry("SIGHUP", "Read the settings again, and open the log file anew.");
  out += entry("SIGUSR1", "Open the log file anew.");
  out += section("EXIT STATUS");
  out += entry("0", "It did what was asked.");
  out += entry("1", "The settings or the system are wrong; standard error says how.");
  out += entry("2", "The command line is wrong.");
  out += section("SEE ALSO");
  std::string pages;
  for (const Role& role : roles())
    pages +=
        (pages.empty() ? "" : ", ") + bold("poised-" + std::string(role.name) + ".toml") + "(5)";
  return out + pages + "\n";
}

}  // namespace

std::vector<std::string> manual_pages() {
  std::vector<std::string> pages{"poised.8"};
  for (const Role& role : roles()) pages.push_back("poised-" + std::string(role.name) + ".toml.5");
  return pages;
}

std::string manual_page(std::string_view page) {
  if (page == "poised.8") return program_page();
  for (const Role& role : roles())
    if (page == "poised-" + std::string(role.name) + ".toml.5") return settings_page(role);
  POISE_CHECK(false && "a page of manual_pages()");
  return {};
}

}  // namespace poise::realnet
