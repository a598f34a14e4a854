// Which packets of a host go to which queues, as a value.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/address.h"

namespace poise::realnet {

// Packets that have all of what is named here.
struct Match {
  std::optional<Address> destination = {};
  std::optional<Address> source = {};
  std::optional<std::uint8_t> protocol = {};      // IP protocol number
  std::optional<std::uint16_t> port = {};         // destination port; REQUIRES: protocol TCP or UDP
  std::optional<std::uint16_t> source_port = {};  // REQUIRES: protocol TCP or UDP
  bool syn_ack = false;                           // TCP segments with SYN and ACK set
  // And what belongs to it without naming a port: later fragments, and the ICMP errors (IPv4: 3, 11
  // and 12, IPv6: 1 to 4) towards the destination. REQUIRES: destination.
  bool with_errors_and_fragments = false;

  // All that a VIP's clients and their routers send to a service; all ports, all protocols when
  // absent.
  static Match vip(Address vip, std::optional<std::uint8_t> protocol = {},
                   std::optional<std::uint16_t> port = {});
  // What balancers send to a backend's data address: UDP to a port.
  static Match udp_tunnel(Address data, std::uint16_t port);
  // The same by IP protocol: 4 (IPv4 in IP), 41 (IPv6 in IP), 47 (GRE).
  static Match ip_tunnel(Address data, std::uint8_t protocol);
  // The answers to connections' first segments that this host sends from a VIP; for OUTPUT.
  static Match syn_ack_from(Address vip, std::optional<std::uint16_t> port = {});

  // REQUIRES: destination or source.
  Family family() const { return destination ? destination->family() : source->family(); }
  friend bool operator==(const Match&, const Match&) = default;
};

enum class RulesFlavour : std::uint8_t { iptables, nft };
// Where the packets of a chain come from: everything that arrives, or what this host sends.
enum class RulesHook : std::uint8_t { prerouting, output };
// What the kernel does with packets while nobody listens on a queue: drop them, or go on with them
// as if the rule was not there (--queue-bypass).
enum class WhenDeaf : std::uint8_t { drop, pass };

struct RulesConfig {
  std::string name;       // the daemon's; REQUIRES: not empty
  std::string part = {};  // tells two sets of rules of one daemon apart, such as "out"
  RulesFlavour flavour = RulesFlavour::iptables;
  // The command in front of "-save" and "-restore"; its IPv6 sister has "ip6" for "ip". Another
  // than "iptables" chooses a kernel interface: "iptables-legacy", "iptables-nft".
  std::string program = "iptables";
  RulesHook hook = RulesHook::prerouting;
  std::vector<Match> matches = {};  // one by one, the first that fits
  std::uint16_t queue_first = 0;
  std::uint16_t queue_count = 1;  // flows are spread over so many queues, from queue_first on
  bool by_cpu = false;  // the queue of the processor that received the packet, not of the flow
  WhenDeaf when_deaf = WhenDeaf::drop;
  // Keep what is matched out of connection tracking; prerouting only. A balancer's table of flows
  // must not be shadowed by the kernel's. Without it a tunnel's packets are tracked as usual.
  bool untracked = true;

  friend bool operator==(const RulesConfig&, const RulesConfig&) = default;
};

// The chain that holds the rules: POISE-<name> or POISE-<name>+<part>, at most 28 characters, which
// is the limit of iptables. A name that is too long or has characters other than letters, digits,
// '-' and '_' ends in a hash of the whole instead.
std::string chain_name(std::string_view name, std::string_view part = {});
// The table of nftables in its place: poise_<name> or poise_<name>/<part>, likewise.
std::string nft_table_name(std::string_view chain);

}  // namespace poise::realnet
