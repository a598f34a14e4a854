// The commands iptables-save and iptables-restore of one family: what stands, and one transaction.
#pragma once

#include <string>
#include <vector>

#include "model/address.h"

namespace poise::realnet {

struct RuleLine {
  std::string table;
  std::string text;  // ":CHAIN POLICY" or "-A CHAIN ...", without counters

  friend bool operator==(const RuleLine&, const RuleLine&) = default;
};

class Iptables {
 public:
  // `program`: "iptables" or one of its kernel interfaces by name, see RulesConfig.
  Iptables(const std::string& program, Family family);

  Family family() const { return family_; }
  // All rules of all tables that the kernel holds; makes no table. Throws SystemError.
  std::vector<RuleLine> save() const;
  // Is the command there at all?
  bool is_installed() const;
  // One transaction for each table; what the text does not name is left alone. Throws SystemError
  // with the command's own words.
  void restore(const std::string& text) const;
  // Why the table cannot be used, in the command's words; empty: it can.
  std::string why_not(const std::string& table) const;

 private:
  std::string program_;
  Family family_;
};

// What a chain of ours is to the kernel, in one table.
struct ChainLines {
  std::string table;
  bool declared = false;
  std::vector<std::string> rules;  // "-A <chain> ..."
  std::vector<std::string> jumps;  // "-A OTHER ... -j <chain>"

  friend bool operator==(const ChainLines&, const ChainLines&) = default;
};

// Of each table that knows the chain, in the order of `lines`.
std::vector<ChainLines> lines_about(const std::vector<RuleLine>& lines, const std::string& chain);

}  // namespace poise::realnet
