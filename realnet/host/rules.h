// The rules that send packets to our queues: a chain of our own, put in place and taken away.
#pragma once

#include <string>
#include <vector>

#include "realnet/host/iptables.h"
#include "realnet/host/rules_config.h"
#include "realnet/host/rules_text.h"

namespace poise::realnet {

// In the calling thread's network namespace. Rules of others are not touched and keep their order.
class Rules {
 public:
  // Throws SystemError for what can be seen to be wrong beforehand.
  explicit Rules(RulesConfig config);

  // Replaces whatever an earlier life left, each family in one transaction: at no instant is there
  // no rule, half a rule or two. Again is harmless. Prefers the table raw, in front of connection
  // tracking, and says in remarks() what had to give way. Throws SystemError with what was tried
  // and what the kernel answered; nothing of these rules stands then.
  void install();
  // Removes the chain and the jumps to it, from every table of both families. Not there is fine.
  void remove() const;
  // Does exactly what install() put in place still stand? false before install().
  bool is_in_place() const;

  // What the operator should know, in whole sentences: a fallback that was taken.
  const std::vector<std::string>& remarks() const { return remarks_; }
  const RulesConfig& config() const { return config_; }

 private:
  void replace();
  void withdraw() const noexcept;
  void install_iptables(const Iptables& iptables);
  std::vector<ChainLines> standing() const;

  RulesConfig config_;
  std::vector<std::string> remarks_;
  std::vector<ChainLines> placed_;
};

// The same as Rules::remove, for rules of which only the name is known.
void remove_rules(RulesFlavour flavour, const std::string& program, const std::string& chain);

}  // namespace poise::realnet
