// One thing that was changed on a host, with all that is needed to put it back.
#pragma once

#include <map>
#include <string>
#include <variant>

#include "model/address.h"
#include "realnet/host/rules_config.h"

namespace poise::realnet {

struct SysctlChange {
  std::string key, before, after;
  std::map<std::string, std::string> followers = {};  // what changed with it, and was what

  friend bool operator==(const SysctlChange&, const SysctlChange&) = default;
};

struct RulesChange {
  RulesFlavour flavour = RulesFlavour::iptables;
  std::string program, name, part;  // see RulesConfig

  friend bool operator==(const RulesChange&, const RulesChange&) = default;
};

struct AddressChange {
  Address address;
  std::string interface;

  friend bool operator==(const AddressChange&, const AddressChange&) = default;
};

// The blackhole route of an address.
struct BlackholeChange {
  Address address;

  friend bool operator==(const BlackholeChange&, const BlackholeChange&) = default;
};

using Change = std::variant<SysctlChange, RulesChange, AddressChange, BlackholeChange>;

// What was changed, in words; equal for two changes of one thing.
std::string subject(const Change& change);

struct Outcome {
  std::string done;      // in words
  bool is_left = false;  // as somebody else made it
};

// Puts it back, as far as it still is as we left it; again is harmless. Throws SystemError.
Outcome put_back(const Change& change);

}  // namespace poise::realnet
