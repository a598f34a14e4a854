// The data path of a balancer: from a datagram to a backend's tunnel. Allocates nothing, throws
// nothing.
#pragma once

#include <array>
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
    none,       // it went nowhere
    tracked,    // the flow table knew
    chosen,     // a new flow: the policy chose
    moved,      // a known flow whose backend may not keep it: the policy chose anew
    untracked,  // chosen without keeping it: tracking off, or refused by the flow table's gate
    fragment,   // a later fragment, after its first
  };
  BackendRef backend;
  Reason reason = Reason::none;
};

class DataPath {
 public:
  // Keeps references to all three; the config and the set must outlive it.
  DataPath(const BalancerConfig& config, const BackendSet& backends, Counters& counters,
           std::unique_ptr<policy::Policy> policy, LentMemory memory);

  static FlowTable::Config table_config(const BalancerConfig& config);

  Verdict on_packet(Instant now, Packet& packet) noexcept;
  void on_burst(Instant now, std::span<Packet> packets, std::span<Verdict> verdicts) noexcept;

  // The candidates changed: rebuilds the policy and the tunnels.
  void rebuild();
  // Addresses changed, of the same candidates: only the tunnels.
  void retarget();
  // A flow of another life of this balancer: enters it, unless it has expired. Call in the order of
  // last use.
  bool restore(Instant now, const FlowKey& key, BackendRef backend, FlowState state,
               Instant last_use);
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
  // What is known of a packet before anything is decided.
  struct Look {
    enum class Kind : std::uint8_t { malformed, other, flow, later_fragment, icmp_error };
    Kind kind = Kind::other;
    std::uint64_t hash = 0;        // of the fields that choose
    std::uint64_t table_hash = 0;  // of all
    FlowSlot guess;                // where the flow may be
    wire::Datagram datagram;
  };

  void look(const Packet& packet, Look& look) const noexcept;
  bool serves(const wire::Datagram& datagram) const noexcept;
  Verdict decide(Instant now, Packet& packet, const Look& look) noexcept;
  Count unplaced(const Look& look) const noexcept;

  BackendRef place(Instant now, const Look& look) noexcept;
  BackendRef place_tracked(Instant now, const Look& look) noexcept;
  BackendRef place_later_fragment(Instant now, const Look& look) noexcept;
  BackendRef place_icmp_error(Instant now, const Look& look) noexcept;
  BackendRef choose(std::uint64_t hash) noexcept;
  BackendRef decide_as(BackendRef backend, Decision::Reason reason) noexcept;

  Verdict forward(Packet& packet, const Look& look, BackendRef backend) noexcept;
  Verdict shrink(Packet& packet, const Look& look, const wire::TunnelHeader& tunnel) noexcept;
  void mirror(const Packet& packet, const Look& look, BackendRef backend) noexcept;
  void clamp(Packet& packet, const Look& look, const wire::TunnelHeader& tunnel) noexcept;
  Verdict refuse(Count reason) noexcept;
  std::uint16_t entropy_port(std::uint64_t hash) const noexcept;
  wire::TunnelHeader tunnel_to(const Address& address) const;

  const BalancerConfig& config_;
  const BackendSet& backends_;
  Counters& counters_;
  std::unique_ptr<policy::Policy> policy_;
  Rng rng_;
  FlowHasher hasher_;
  FlowTable flows_;
  FragmentMap fragments_;
  std::vector<wire::TunnelHeader> tunnels_;  // by BackendIndex
  // By BackendIndex, where packets are mirrored: the way of the copies, if they go anywhere.
  std::vector<std::optional<wire::TunnelHeader>> copy_tunnels_;
  std::vector<std::uint32_t> no_flows_;  // the loads that an untracked policy sees
  PacketOutbox outbox_;
  std::array<Look, kBurst> looks_;  // of the burst in hand
  Decision decision_;
  Instant last_sweep_{};
};

}  // namespace poise
