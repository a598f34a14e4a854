// The data path of a balancer: from a datagram to a backend's tunnel. Allocates nothing, throws nothing.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "model/backend/backend_set.h"
#include "model/balancer/config.h"
#include "model/balancer/counters.h"
#include "model/balancer/outbox.h"
#include "model/flow/flow_key.h"
#include "model/flow/flow_table.h"
#include "model/flow/fragment_map.h"
#include "model/machine.h"
#include "model/policy/policy.h"
#include "model/wire/datagram.h"
#include "model/wire/encapsulation.h"

namespace poise {

// Where a packet went, and why there.
struct Decision {
  enum class Reason : std::uint8_t {
    none,      // it went nowhere
    tracked,   // the flow table knew
    chosen,    // a new flow: the policy chose
    moved,     // a known flow whose backend may not keep it: the policy chose anew
    untracked, // chosen without keeping it: tracking off, or refused by the flow table's gate
    fragment,  // a later fragment, after its first
  };
  BackendRef backend;
  Reason reason = Reason::none;
};

class DataPath {
 public:
  // Keeps references to all three; the config and the set must outlive it.
  DataPath(const BalancerConfig& config, const BackendSet& backends, Counters& counters,
           std::unique_ptr<policy::Policy> policy);

  Verdict on_packet(Instant now, Packet& packet) noexcept;
  void on_burst(Instant now, std::span<Packet> packets, std::span<Verdict> verdicts) noexcept;

  // The membership changed: rebuilds the policy and the tunnels, and forgets who left.
  void rebuild(Instant now);
  void forget(BackendRef backend) { flows_.forget_backend(backend); }
  // Frees flows that are idle for too long. Call at next_expiry().
  void expire(Instant now);
  Instant next_expiry() const;

  // Sends a probe to exactly this backend, through its tunnel.
  void probe(const Backend& backend, std::string_view payload);

  std::optional<Packet> next_transmit() { return outbox_.next(); }
  const Decision& decision() const { return decision_; }
  const FlowTable& flows() const { return flows_; }
  std::uint64_t digest() const;

 private:
  // A packet on its way through: filled by look(), used by decide().
  struct Look {
    wire::Datagram datagram;
    FlowKey key;
    std::uint64_t hash = 0;
    enum class Kind : std::uint8_t { done, flow, later_fragment, icmp_error } kind = Kind::done;
    Verdict verdict = Verdict::pass;  // when done
  };

  void look(Instant now, const Packet& packet, Look& look) noexcept;
  Verdict decide(Instant now, Packet& packet, const Look& look) noexcept;
  Verdict decide_flow(Instant now, Packet& packet, const Look& look) noexcept;
  Verdict decide_later_fragment(Instant now, Packet& packet, const Look& look) noexcept;
  Verdict decide_icmp_error(Instant now, Packet& packet, const Look& look) noexcept;

  BackendRef place(Instant now, const Look& look) noexcept;
  BackendRef place_new(Instant now, const Look& look) noexcept;
  BackendRef choose(std::uint64_t hash) noexcept;
  bool serves(const wire::Datagram& datagram) const noexcept;
  bool is_vip(const Address& address) const noexcept;
  bool keeps(BackendRef backend) const noexcept;

  Verdict forward(Packet& packet, const Look& look, BackendRef backend) noexcept;
  Verdict too_big(Packet& packet, const Look& look, BackendRef backend) noexcept;
  bool fragment(Packet& packet, const Look& look, std::size_t room, BackendRef backend) noexcept;
  Verdict refuse(Count reason) noexcept;
  std::uint16_t entropy_port(std::uint64_t hash) const noexcept;

  const BalancerConfig& config_;
  const BackendSet& backends_;
  Counters& counters_;
  std::unique_ptr<policy::Policy> policy_;
  Rng rng_;
  FlowHasher hasher_;
  FlowTable flows_;
  FragmentMap fragments_;
  std::vector<wire::TunnelHeader> tunnels_;  // by BackendIndex
  std::vector<std::uint32_t> no_flows_;      // the loads that an untracked policy sees
  PacketOutbox outbox_;
  Decision decision_;
  Instant last_sweep_{};
};

}  // namespace poise
