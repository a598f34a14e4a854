// One thing that was changed on a host, with all that is needed to put it back.
#include "realnet/host/change.h"

#include <cerrno>

#include "realnet/host/interface.h"
#include "realnet/host/route.h"
#include "realnet/host/rules.h"
#include "realnet/host/sysctl.h"
#include "realnet/system/error.h"

namespace poise::realnet {
namespace {

template <class... Cases>
struct Either : Cases... {
  using Cases::operator()...;
};
template <class... Cases>
Either(Cases...) -> Either<Cases...>;  // clang++ 14 does not deduce it

// An interface that is gone took its addresses and switches with it.
bool is_gone(const SystemError& error) {
  return error.error_number() == ENOENT || error.error_number() == ENODEV;
}

Outcome restore(const SysctlChange& change) {
  if (!has_sysctl(change.key)) return {"is gone"};
  std::string done = "is " + change.before + " as before";
  const std::string now = read_sysctl(change.key);
  if (now == change.after && now != change.before) {
    write_sysctl(change.key, change.before);
    done = change.after + " -> " + change.before;
  } else if (now != change.before) {
    return {"left alone: somebody made it " + now, true};
  }
  for (const auto& [key, value] : change.followers)
    if (has_sysctl(key) && read_sysctl(key) != value) write_sysctl(key, value);
  return {done};
}

Outcome restore(const RulesChange& change) {
  remove_rules(change.flavour, change.program, chain_name(change.name, change.part));
  return {"removed"};
}

Outcome restore(const AddressChange& change) {
  try {
    const bool was_there = remove_address(change.address, interface_named(change.interface));
    return {was_there ? "removed" : "was not there"};
  } catch (const SystemError& error) {
    if (!is_gone(error)) throw;
    return {"its interface is gone"};
  }
}

Outcome restore(const BlackholeChange& change) {
  return {remove_blackhole(change.address) ? "removed" : "was not there"};
}

}  // namespace

std::string subject(const Change& change) {
  return std::visit(
      Either{[](const SysctlChange& c) { return "sysctl " + c.key; },
             [](const RulesChange& c) {
               return (c.flavour == RulesFlavour::nft ? "nft" : c.program) + " chain " +
                      chain_name(c.name, c.part);
             },
             [](const AddressChange& c) { return c.address.to_string() + " on " + c.interface; },
             [](const BlackholeChange& c) { return "blackhole of " + c.address.to_string(); }},
      change);
}

Outcome put_back(const Change& change) {
  return std::visit([](const auto& c) { return restore(c); }, change);
}

}  // namespace poise::realnet
