// What a Balancer and an Agent are configured with. Plain values; the worlds fill them from a plan
// or a file.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "model/address.h"
#include "model/balancer/replica.h"
#include "model/flow/flow_key.h"
#include "model/flow/flow_table.h"
#include "model/policy/policy.h"
#include "model/time.h"
#include "model/wire/encapsulation.h"

namespace poise {

// A service address. All VIPs of a balancer are served by all of its backends.
struct Vip {
  Address address;
  std::uint8_t protocol = 6;  // 6 TCP, 17 UDP
  std::uint16_t port = 0;     // 0: any

  friend bool operator==(const Vip&, const Vip&) = default;
};

struct BalancerConfig {
  std::string name = "balancer";
  Address address;  // its own: outer source of tunnels, source of probes and of ICMP answers
  std::vector<Vip> vips;
  wire::Encapsulation encapsulation = wire::Encapsulation::gue;
  std::uint32_t mtu = 1500;  // of the path to the backends, bytes of an IP datagram

  FlowFields hash_fields = FlowFields::five;
  std::uint64_t hash_seed = 0;  // balancers that must agree share it
  bool tracking = true;         // false: the policy chooses for every packet
  std::uint32_t flow_count_max = 65536;
  FlowTimeouts flow_timeouts;

  std::uint32_t backend_count_max = 1024;
  std::uint32_t peer_count_max = 2048;
  Duration timeout = std::chrono::seconds{1};  // silence after which a backend is down
  Duration register_timeout =
      std::chrono::seconds{10};  // from a stream's start, or from REGISTER, to SANE
  Duration probe_interval = std::chrono::milliseconds{100};
  Duration drain_timeout = std::chrono::seconds{60};
  Duration forget_timeout =
      std::chrono::seconds{600};  // how long a backend that is down is remembered
  Duration slow_start{};          // zero: full weight at once
  Duration restore_grace = std::chrono::seconds{
      2};  // at least so long (or `timeout`) a restored backend may be without its agent
  Duration replica_grace =
      std::chrono::seconds{2};  // a pair without an active replica keeps its flows so long
  // Empty: whoever says so is a replica. Otherwise there are no other pairs than these, and no
  // other replicas: a member's own name is all that it can speak for.
  std::vector<PairSeats> pairs;
  bool mirror = false;     // a copy of each packet of a pair goes to the replica that stands by
  bool clamp_mss = false;  // of the clients' SYNs, to what fits the tunnel (see the room's README)

  std::uint64_t seed = 1;  // of nonces and of the policies that roll dice
};

struct AgentConfig {
  std::string name = "backend";
  Address address;  // its data address: where tunnels to it end
  std::uint32_t weight = 1;
  std::vector<Address>
      balancers;  // PeerId i is the stream to balancers[i]; tunnels come from these
  std::vector<Vip> vips;
  wire::Encapsulation encapsulation = wire::Encapsulation::gue;
  std::uint32_t mtu = 1500;  // of the path from the balancers

  Duration heartbeat = std::chrono::milliseconds{250};
  Duration timeout =
      std::chrono::seconds{1};  // silence of a balancer after which its stream is opened anew
  Duration reconnect = std::chrono::milliseconds{200};  // the first wait; it doubles ...
  Duration reconnect_max = std::chrono::seconds{10};    // ... up to this; half of each is jitter
  // The replica that this host is, if it is one: what is said of it before on_replica() knows
  // better is that it stands by, in epoch 0.
  ReplicaSeat replica;
  bool clamp_mss = true;  // of the SYNs that the host's own stack sends from a VIP (on_egress)

  std::uint64_t seed = 1;  // of the jitter
};

// A hash of a configuration, which its records carry.
std::uint64_t configuration_digest(const BalancerConfig& config, const policy::Config& policy);
std::uint64_t configuration_digest(const AgentConfig& config);

}  // namespace poise
