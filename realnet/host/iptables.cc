// The commands iptables-save and iptables-restore of one family: what stands, and one transaction.
#include "realnet/host/iptables.h"

#include <cerrno>
#include <sstream>

#include "realnet/system/error.h"
#include "realnet/system/process.h"

namespace poise::realnet {
namespace {

// By -j or -g; a comment that names the chain does not lead there.
bool leads_to(const std::string& rule, const std::string& chain) {
  std::istringstream words(rule);
  std::string before;
  for (std::string word; words >> word; before = word)
    if (word == chain && (before == "-j" || before == "-g")) return true;
  return false;
}

// Without the advice to read the manual.
std::string one_line(const std::string& text) {
  std::istringstream lines(text);
  std::string all;
  for (std::string line; std::getline(lines, line);) {
    if (line.empty() || line.rfind("Try `", 0) == 0 || line.rfind("Perhaps ", 0) == 0) continue;
    all += (all.empty() ? "" : " ") + line;
  }
  return all;
}

}  // namespace

Iptables::Iptables(const std::string& program, Family family) : program_(program), family_(family) {
  if (program_.rfind("iptables", 0) != 0)
    throw SystemError("use " + program_ + " for rules", "its name does not begin with iptables");
  if (family == Family::v6) program_.replace(0, 2, "ip6");
}

std::vector<RuleLine> Iptables::save() const {
  std::istringstream text(run_checked({{program_ + "-save"}}));
  std::vector<RuleLine> lines;
  std::string table;
  for (std::string line; std::getline(text, line);) {
    if (line.empty() || line[0] == '#' || line == "COMMIT") continue;
    if (line[0] == '*')
      table = line.substr(1);
    else
      lines.push_back({table, line[0] == ':' ? line.substr(0, line.find(" [")) : line});
  }
  return lines;
}

bool Iptables::is_installed() const {
  try {
    run({{program_ + "-save", "--version"}});
    return true;
  } catch (const SystemError& error) {
    if (error.error_number() != ENOENT) throw;
    return false;
  }
}

void Iptables::restore(const std::string& text) const {
  // A lock of the tables that somebody else holds is waited for.
  const Command command{{program_ + "-restore", "--noflush", "--wait", "5"}, text};
  const Finished finished = run(command);
  if (finished.status != 0) throw SystemError(to_string(command), one_line(finished.error));
}

std::string Iptables::why_not(const std::string& table) const {
  const Finished finished = run({{program_, "--wait", "5", "-t", table, "-S", "PREROUTING"}});
  return finished.status == 0 ? "" : one_line(finished.error);
}

std::vector<ChainLines> lines_about(const std::vector<RuleLine>& lines, const std::string& chain) {
  std::vector<ChainLines> found;
  const auto of = [&](const std::string& table) -> ChainLines& {
    if (found.empty() || found.back().table != table) found.push_back({table});
    return found.back();
  };
  for (const RuleLine& line : lines) {
    if (line.text == ":" + chain + " -")
      of(line.table).declared = true;
    else if (line.text.rfind("-A " + chain + " ", 0) == 0)
      of(line.table).rules.push_back(line.text);
    else if (leads_to(line.text, chain))
      of(line.table).jumps.push_back(line.text);
  }
  return found;
}

}  // namespace poise::realnet
