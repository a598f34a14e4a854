// The text of rules, for iptables-restore and for nft: what exactly Poise asks of the kernel.
#include "realnet/host/rules_text.h"

#include <netinet/in.h>

#include <algorithm>

#include "model/check.h"

namespace poise::realnet {
namespace {

std::vector<int> icmp_errors(Family family) {
  if (family == Family::v4) return {3, 11, 12};
  return {1, 2, 3, 4};
}

std::string protocol_name(std::uint8_t protocol) {
  switch (protocol) {
    case IPPROTO_TCP:
      return "tcp";
    case IPPROTO_UDP:
      return "udp";
    default:
      return std::to_string(protocol);
  }
}

// The conditions of a match's rules, in the words of one tool.
using Conditions = std::vector<std::string>;

Conditions iptables_conditions(const Match& match) {
  const Family family = match.family();
  std::string addresses;
  if (match.source) addresses += " -s " + match.source->to_string();
  if (match.destination) addresses += " -d " + match.destination->to_string();
  std::string main = addresses;
  if (match.protocol) main += " -p " + protocol_name(*match.protocol);
  if (match.source_port) main += " --sport " + std::to_string(*match.source_port);
  if (match.port) main += " --dport " + std::to_string(*match.port);
  if (match.syn_ack) main += " --tcp-flags SYN,ACK SYN,ACK";

  Conditions all{main};
  if (!match.with_errors_and_fragments) return all;
  // Later fragments have no port to match; IPv6 cannot ask for them alone.
  if (match.port)
    all.push_back(addresses + (family == Family::v4
                                   ? " -p " + protocol_name(*match.protocol) + " -f"
                                   : " -m frag"));
  for (const int type : icmp_errors(family))
    all.push_back(addresses +
                  (family == Family::v4 ? " -p icmp --icmp-type " : " -p icmpv6 --icmpv6-type ") +
                  std::to_string(type));
  return all;
}

Conditions nft_conditions(const Match& match) {
  const bool v4 = match.family() == Family::v4;
  const std::string ip = v4 ? "ip" : "ip6";
  std::string addresses;
  if (match.source) addresses += ip + " saddr " + match.source->to_string() + " ";
  if (match.destination) addresses += ip + " daddr " + match.destination->to_string() + " ";
  std::string main = addresses;
  if (match.protocol) main += "meta l4proto " + protocol_name(*match.protocol) + " ";
  if (match.source_port) main += "th sport " + std::to_string(*match.source_port) + " ";
  if (match.port) main += "th dport " + std::to_string(*match.port) + " ";
  if (match.syn_ack) main += "tcp flags & (syn | ack) == syn | ack ";

  Conditions all{main};
  if (!match.with_errors_and_fragments) return all;
  if (match.port)
    all.push_back(addresses + (v4 ? "ip frag-off & 0x1fff != 0 " : "exthdr frag exists "));
  for (const int type : icmp_errors(match.family()))
    all.push_back(addresses + (v4 ? "icmp type " : "icmpv6 type ") + std::to_string(type) + " ");
  return all;
}

// Two services of one VIP ask for the same ICMP errors: once is enough.
template <class Words>
Conditions conditions_of(const RulesConfig& config, std::optional<Family> family, Words words) {
  Conditions all;
  for (const Match& match : config.matches) {
    POISE_CHECK(match.destination || match.source);
    if (family && match.family() != *family) continue;
    for (const std::string& condition : words(match))
      if (std::find(all.begin(), all.end(), condition) == all.end()) all.push_back(condition);
  }
  return all;
}

std::string iptables_queue(const RulesConfig& config) {
  std::string target = " -j NFQUEUE";
  const int last = config.queue_first + config.queue_count - 1;
  if (config.queue_count == 1)
    target += " --queue-num " + std::to_string(config.queue_first);
  else
    target += " --queue-balance " + std::to_string(config.queue_first) + ":" + std::to_string(last);
  if (config.when_deaf == WhenDeaf::pass) target += " --queue-bypass";
  if (config.by_cpu && config.queue_count > 1) target += " --queue-cpu-fanout";
  return target;
}

std::string nft_queue(const RulesConfig& config) {
  std::string statement = "queue num " + std::to_string(config.queue_first);
  if (config.queue_count > 1)
    statement += "-" + std::to_string(config.queue_first + config.queue_count - 1);
  std::string flags;
  if (config.when_deaf == WhenDeaf::pass) flags = " bypass";
  if (config.by_cpu && config.queue_count > 1) flags += flags.empty() ? " fanout" : ",fanout";
  return statement + flags;
}

}  // namespace

std::string_view hook_name(RulesHook hook) {
  return hook == RulesHook::prerouting ? "PREROUTING" : "OUTPUT";
}

std::string iptables_text(const RulesConfig& config, Family family, const Placement& placement,
                          const std::vector<std::string>& jumps) {
  const std::string chain = chain_name(config.name, config.part);
  const std::string jump = std::string(hook_name(config.hook)) + " -j " + chain;
  std::string text = "*" + std::string(placement.table) + "\n:" + chain + " - [0:0]\n";
  // -D takes the first of equal rules, so of several the last one keeps its place.
  bool stands = std::find(jumps.begin(), jumps.end(), "-A " + jump) != jumps.end();
  bool kept = !stands;
  for (const std::string& old : jumps) {
    if (!kept && old == "-A " + jump)
      kept = true;
    else
      text += "-D" + old.substr(2) + "\n";
  }
  if (!stands) text += "-I " + jump + "\n";
  for (const std::string& condition : conditions_of(config, family, iptables_conditions)) {
    if (placement.untracked) text += "-A " + chain + condition + " -j CT --notrack\n";
    text += "-A " + chain + condition + iptables_queue(config) + "\n";
  }
  return text + "COMMIT\n";
}

std::string nft_text(const RulesConfig& config) {
  const bool incoming = config.hook == RulesHook::prerouting;
  const std::string table = nft_table_name(chain_name(config.name, config.part));
  std::string text = nft_removal_text(table) + "table inet " + table + " {\n  chain packets {\n";
  text += incoming ? "    type filter hook prerouting priority -300; policy accept;\n"
                   : "    type filter hook output priority -150; policy accept;\n";
  for (const std::string& condition : conditions_of(config, {}, nft_conditions)) {
    if (incoming && config.untracked) text += "    " + condition + "notrack\n";
    text += "    " + condition + nft_queue(config) + "\n";
  }
  return text + "  }\n}\n";
}

std::string nft_removal_text(std::string_view table) {
  // A table that is added may be there already: so it is deleted in both cases.
  return "add table inet " + std::string(table) + "\ndelete table inet " + std::string(table) +
         "\n";
}

}  // namespace poise::realnet
