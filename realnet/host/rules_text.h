// The text of rules, for iptables-restore and for nft: what exactly Poise asks of the kernel.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "realnet/host/rules_config.h"

namespace poise::realnet {

// Where a chain hangs and what it can hold, as far as the kernel goes along.
struct Placement {
  std::string_view table;  // of iptables: raw, mangle
  bool untracked = false;  // with CT --notrack

  friend bool operator==(const Placement&, const Placement&) = default;
};

std::string_view hook_name(RulesHook hook);  // PREROUTING, OUTPUT

// Replaces the chain in one transaction of `iptables-restore --noflush`, and makes the jump to it
// stand once: in front, unless it stood somewhere before. `jumps`: the lines ("-A CHAIN ... -j
// OURS") of that table that lead to it now.
std::string iptables_text(const RulesConfig& config, Family family, const Placement& placement,
                          const std::vector<std::string>& jumps);

// The whole table of `nft -f`, which replaces an earlier one in one transaction.
std::string nft_text(const RulesConfig& config);
// Takes it away, and does not mind if it is not there.
std::string nft_removal_text(std::string_view table);

}  // namespace poise::realnet
