// The rules that send packets to our queues: a chain of our own, put in place and taken away.
#include "realnet/host/rules.h"

#include <netinet/in.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "realnet/system/error.h"
#include "realnet/system/process.h"

namespace poise::realnet {
namespace {

constexpr std::array kFamilies{Family::v4, Family::v6};

bool has(const RulesConfig& config, Family family) {
  return std::any_of(config.matches.begin(), config.matches.end(),
                     [&](const Match& match) { return match.family() == family; });
}

// Removes the chain from every table but one.
void remove_elsewhere(const Iptables& iptables, const std::string& chain, std::string_view kept) {
  for (const ChainLines& lines : lines_about(iptables.save(), chain)) {
    if (lines.table == kept) continue;
    std::string text = "*" + lines.table + "\n";
    for (const std::string& jump : lines.jumps) text += "-D" + jump.substr(2) + "\n";
    if (lines.declared) text += "-F " + chain + "\n-X " + chain + "\n";
    iptables.restore(text + "COMMIT\n");
  }
}

std::vector<std::string> jumps_in(const std::vector<ChainLines>& standing, std::string_view table) {
  for (const ChainLines& lines : standing)
    if (lines.table == table) return lines.jumps;
  return {};
}

// From the best to what a poor kernel still has.
std::vector<Placement> placements(const RulesConfig& config) {
  if (config.hook == RulesHook::output) return {{"mangle"}};
  if (config.untracked) return {{"raw", true}, {"raw"}, {"mangle"}};
  return {{"raw"}, {"mangle"}};
}

void check(const Match& match, const std::string& attempt) {
  if (!match.destination && !match.source) throw SystemError(attempt, "a match names no address");
  if (match.destination && match.source && match.destination->family() != match.source->family())
    throw SystemError(attempt, "a match names addresses of two families");
  const bool has_ports = match.protocol == IPPROTO_TCP || match.protocol == IPPROTO_UDP;
  if ((match.port || match.source_port) && !has_ports)
    throw SystemError(attempt, "a match names a port, but neither TCP nor UDP");
  if (match.syn_ack && match.protocol != IPPROTO_TCP)
    throw SystemError(attempt, "a match names TCP flags, but not TCP");
  if (match.with_errors_and_fragments && !match.destination)
    throw SystemError(attempt, "a match wants ICMP errors, but names no destination");
}

}  // namespace

Rules::Rules(RulesConfig config) : config_(std::move(config)) {
  const std::string attempt = "rules of \"" + config_.name + "\"";
  if (config_.name.empty()) throw SystemError(attempt, "the name is empty");
  if (config_.queue_count == 0 || config_.queue_first + config_.queue_count > 65536)
    throw SystemError(attempt, "queues are numbered 0 to 65535, and there is at least one");
  for (const Match& match : config_.matches) check(match, attempt);
}

void Rules::install() {
  remarks_.clear();
  placed_.clear();
  try {
    replace();
    placed_ = standing();
  } catch (...) {
    withdraw();
    throw;
  }
}

void Rules::replace() {
  if (config_.flavour == RulesFlavour::nft) {
    run_checked({{"nft", "-f", "-"}, nft_text(config_)});
  } else {
    for (const Family family : kFamilies) {
      const Iptables iptables(config_.program, family);
      if (has(config_, family))
        install_iptables(iptables);
      else if (iptables.is_installed())
        remove_elsewhere(iptables, chain_name(config_.name, config_.part), "");
    }
  }
}

void Rules::withdraw() const noexcept {
  try {
    remove();
  } catch (const SystemError&) {  // what kept the rules from standing is what is reported
  }
}

void Rules::install_iptables(const Iptables& iptables) {
  const std::string chain = chain_name(config_.name, config_.part);
  const std::vector<ChainLines> before = lines_about(iptables.save(), chain);
  std::string refusals;
  for (const Placement& placement : placements(config_)) {
    try {
      iptables.restore(
          iptables_text(config_, iptables.family(), placement, jumps_in(before, placement.table)));
    } catch (const SystemError& error) {
      const std::string table(placement.table);
      const std::string why = iptables.why_not(table);
      refusals += (refusals.empty() ? "" : "; then ") + std::string("in table ") + table +
                  (placement.untracked ? " with CT --notrack" : "") + ": " + error.what() +
                  (why.empty() ? "" : " (" + why + ")");
      continue;
    }
    if (!refusals.empty())
      remarks_.push_back("The rules stand in table " + std::string(placement.table) +
                         (placement.untracked ? "" : " without CT --notrack") + ". Refused " +
                         refusals + ".");
    remove_elsewhere(iptables, chain, placement.table);
    return;
  }
  throw SystemError("install chain " + chain, refusals);
}

void Rules::remove() const {
  remove_rules(config_.flavour, config_.program, chain_name(config_.name, config_.part));
}

bool Rules::is_in_place() const {
  return !placed_.empty() && standing() == placed_;
}

std::vector<ChainLines> Rules::standing() const {
  const std::string chain = chain_name(config_.name, config_.part);
  if (config_.flavour == RulesFlavour::nft) {
    const Finished listed = run({{"nft", "list", "table", "inet", nft_table_name(chain)}});
    if (listed.status != 0) return {};
    return {{.table = "inet", .declared = true, .rules = {listed.output}}};
  }
  std::vector<ChainLines> all;
  for (const Family family : kFamilies) {
    const Iptables iptables(config_.program, family);
    if (!has(config_, family)) continue;
    const std::vector<ChainLines> about = lines_about(iptables.save(), chain);
    all.insert(all.end(), about.begin(), about.end());
  }
  return all;
}

void remove_rules(RulesFlavour flavour, const std::string& program, const std::string& chain) {
  if (flavour == RulesFlavour::nft) {
    run_checked({{"nft", "-f", "-"}, nft_removal_text(nft_table_name(chain))});
    return;
  }
  for (const Family family : kFamilies) {
    const Iptables iptables(program, family);
    if (iptables.is_installed()) remove_elsewhere(iptables, chain, "");
  }
}

}  // namespace poise::realnet
