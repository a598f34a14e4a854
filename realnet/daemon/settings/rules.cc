// The rules of a balancer's and an agent's settings, and what follows from them.
#include "realnet/daemon/settings/rules.h"

#include <algorithm>
#include <set>
#include <stdexcept>

#include "model/backend/backend_set.h"
#include "model/scenario/schema.h"

namespace poise::realnet {
namespace {

using scenario::quoted;
using scenario::to_toml;

void check_names(std::string_view name, const Address& address, const Complain& complain) {
  check_name(name, complain);
  if (address.is_unspecified())
    complain("address", "address is not given; expected this host's own, such as \"10.0.0.1\"");
}

void check_vips(const std::vector<Vip>& vips, const Complain& complain) {
  if (vips.empty()) complain("vip", "no [[vip]] is given; expected one or more");
  for (std::size_t i = 0; i < vips.size(); ++i) {
    const std::string path = "vip." + std::to_string(i);
    if (vips[i].address.is_unspecified())
      complain(path + ".address", path + ".address is unspecified; expected the service's own");
    if (std::find(vips.begin(), vips.begin() + static_cast<std::ptrdiff_t>(i), vips[i]) !=
        vips.begin() + static_cast<std::ptrdiff_t>(i))
      complain(path, path + " is given twice");
  }
}

void check_pairs(const std::vector<PairSeats>& pairs, const Complain& complain) {
  std::set<std::string_view> names;
  const auto check = [&](const std::string& path, std::string_view name) {
    if (!is_backend_name(name))
      complain(path, path + " has " + quoted(name) + "; expected 1 to 64 of A-Z a-z 0-9 . _ -");
    else if (!names.insert(name).second)
      complain(path,
               path + " has " + quoted(name) + " again; a name is one pair's or one member's");
  };
  for (std::size_t i = 0; i < pairs.size(); ++i) {
    const std::string path = "pair." + std::to_string(i);
    const std::string members = path + ".members";
    check(path + ".name", pairs[i].pair);
    if (pairs[i].members.size() != kPairSize)
      complain(members, members + " has " + std::to_string(pairs[i].members.size()) +
                            " names; expected 2, such as [\"web1\", \"web2\"]");
    for (const std::string& member : pairs[i].members) check(members, member);
  }
}

void check_packets(const PacketSettings& packets, const Complain& complain) {
  if (packets.first_queue + packets.queues > 65536)
    complain("packets.first_queue",
             "packets.first_queue is " + std::to_string(packets.first_queue) + "; allowed: 0 to " +
                 std::to_string(65536 - packets.queues) + ", for there are " +
                 std::to_string(packets.queues) + " queues");
}

// `key` must be less than `limit`, or equal to it when that is allowed.
void check_less(std::string_view key, Duration value, std::string_view limit_key, Duration limit,
                bool or_equal, const Complain& complain) {
  if (value < limit || (or_equal && value == limit)) return;
  complain(key, std::string(key) + " is " + to_toml(value) +
                    "; allowed: " + (or_equal ? "at most " : "less than ") +
                    std::string(limit_key) + ", which is " + to_toml(limit));
}

void check_policy(const policy::Config& config, const Complain& complain) {
  try {
    policy::make(config);
  } catch (const std::invalid_argument& error) {
    const std::string text = error.what();
    complain("policy." + text.substr(0, text.find(' ')), "policy." + text);
  }
}

}  // namespace

void check_name(std::string_view name, const Complain& complain) {
  if (!is_backend_name(name))
    complain("name", "name is " + quoted(name) + "; expected 1 to 64 of A-Z a-z 0-9 . _ -");
}

// One of three, and all of its parts.
void check_credentials(const CredentialSettings& given, bool dials, const Complain& complain) {
  const int certificate_parts =
      !given.certificate_file.empty() + !given.key_file.empty() + !given.authority_file.empty();
  const int psk_parts = !given.psk_identity.empty() + !given.psk_file.empty();
  const int ways = (certificate_parts != 0) + (psk_parts != 0) + given.plain;
  constexpr std::string_view kWays =
      "control.certificate_file, key_file and authority_file; or control.psk_file; or "
      "control.plain = true";
  if (ways == 0) complain("control", "control has no credentials; expected " + std::string(kWays));
  if (ways > 1)
    complain("control",
             "control has more than one kind of credentials; expected " + std::string(kWays));
  if (certificate_parts != 0 && certificate_parts != 3)
    complain(given.certificate_file.empty() ? "control.certificate_file"
             : given.key_file.empty()       ? "control.key_file"
                                            : "control.authority_file",
             "control.certificate_file, key_file and authority_file belong together; one is "
             "missing");
  if (!given.psk_identity.empty() && given.psk_file.empty())
    complain("control.psk_identity", "control.psk_identity needs control.psk_file");
  if (dials && !given.psk_file.empty() && given.psk_identity.empty())
    complain("control.psk_file", "control.psk_file needs control.psk_identity, to choose a key");
  if (certificate_parts == 0 && !given.allowed_names.empty())
    complain("control.allowed_names",
             "control.allowed_names needs certificates; nothing else has names to be let in");
}

void check(const BalancerSettings& settings, const Complain& complain) {
  const BalancerConfig& machine = settings.machine;
  check_names(machine.name, machine.address, complain);
  check_vips(machine.vips, complain);
  check_pairs(machine.pairs, complain);
  check_policy(settings.policy, complain);
  check_credentials(settings.credentials, false, complain);
  check_packets(settings.packets, complain);
  if (settings.packets.emit == Emit::tun)
    complain("packets.emit",
             "packets.emit is \"tun\"; allowed for a balancer, whose packets leave "
             "its host: auto, verdict, raw");
  check_less("control.probe_interval_s", machine.probe_interval, "control.register_timeout_s",
             machine.register_timeout, false, complain);
}

void check(const AgentSettings& settings, const Complain& complain) {
  const AgentConfig& machine = settings.machine;
  check_names(machine.name, machine.address, complain);
  check_vips(machine.vips, complain);
  check_credentials(settings.credentials, true, complain);
  check_packets(settings.packets, complain);
  if (settings.packets.queues != 1)
    complain("packets.queues", "packets.queues is " + std::to_string(settings.packets.queues) +
                                   "; allowed: 1 for an agent, which is one machine");
  if (settings.packets.emit == Emit::tun && settings.packets.from != From::xdp)
    complain("packets.emit", "packets.emit is \"tun\", which needs packets.from = \"xdp\"");
  const std::string& pair = machine.replica.pair;
  if (!pair.empty() && (!is_backend_name(pair) || pair == machine.name))
    complain("replica.pair", "replica.pair is " + quoted(pair) +
                                 "; expected 1 to 64 of A-Z a-z 0-9 . _ -, and not this host's "
                                 "own name");
  check_less("control.heartbeat_s", machine.heartbeat, "control.timeout_s", machine.timeout, false,
             complain);
  check_less("control.reconnect_s", machine.reconnect, "control.reconnect_max_s",
             machine.reconnect_max, true, complain);
  check_less("health.timeout_s", settings.health.timeout, "health.interval_s",
             settings.health.interval, true, complain);
  if (settings.balancers.empty())
    complain("balancers",
             "balancers is not given; expected a list of addresses, such as "
             "[\"10.0.0.1\"]");
  for (std::size_t i = 0; i < settings.balancers.size(); ++i) {
    const Address& address = settings.balancers[i].address;
    const bool is_twice = std::any_of(
        settings.balancers.begin(), settings.balancers.begin() + static_cast<std::ptrdiff_t>(i),
        [&](const Endpoint& before) { return before.address == address; });
    if (is_twice) complain("balancers", "balancers names " + address.to_string() + " twice");
    if (!machine.address.is_unspecified() && address.family() != machine.address.family())
      complain("balancers", "balancers names " + address.to_string() +
                                ", of another family than address, which is " +
                                machine.address.to_string());
  }
}

void complete(BalancerSettings& settings) {
  if (settings.listen == Endpoint{}) settings.listen = {settings.machine.address, kControlPort};
  if (settings.policy.seed == 0) settings.policy.seed = settings.machine.hash_seed;
}

void complete(AgentSettings& settings) {
  settings.machine.balancers.clear();
  for (const Endpoint& balancer : settings.balancers)
    settings.machine.balancers.push_back(balancer.address);
}

}  // namespace poise::realnet
