// The Balancer: a packet-level load balancer with direct server return, as a pure machine.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "model/backend/backend_set.h"
#include "model/balancer/command.h"
#include "model/balancer/config.h"
#include "model/balancer/counters.h"
#include "model/balancer/data_path.h"
#include "model/balancer/registrar.h"
#include "model/balancer/snapshot.h"
#include "model/machine.h"
#include "model/policy/policy.h"

namespace poise {

// Two halves over one backend set: the DataPath decides about packets, the Registrar about members.
// The events and the drain are those of model/machine.h. A peer is an accepted control stream; its
// PeerId is the world's and is not reused while the stream is up.
class Balancer {
 public:
  Balancer(const Balancer&) = delete;  // its halves refer to each other
  Balancer& operator=(const Balancer&) = delete;
  // REQUIRES: policy is not null and has no candidates yet.
  // Lent memory keeps the flows when the process dies (model/flow/flow_memory.h).
  Balancer(BalancerConfig config, std::unique_ptr<policy::Policy> policy, LentMemory memory = {});
  static std::size_t memory_size(const BalancerConfig& config);

  Verdict on_packet(Instant now, Packet& packet) noexcept;
  // REQUIRES: packets.size() == verdicts.size() <= kBurst. Equal to on_packet for each in order.
  void on_burst(Instant now, std::span<Packet> packets, std::span<Verdict> verdicts) noexcept;
  void on_peer(Instant now, PeerId peer, PeerEvent event);
  void on_message(Instant now, PeerId peer, std::span<const std::uint8_t> bytes);
  CommandResult on_command(Instant now, const Command& command);
  void on_timer(Instant now);
  // Several balancers may share the work of one, each with flows of its own (a queue each, say),
  // and get equal control events. This tells all of them, before each on_timer, how many flows
  // they have together, so that they end a drain at the same event. Backends not named have none.
  void on_flow_counts(Instant now, std::span<const FlowCount> flows);
  // What another life of this balancer left behind (snapshot.h): its members, without their
  // streams, and its flows. To be called before any other event, at most once; refused when there
  // are members or flows already, and when the bytes are no snapshot: then nothing has changed.
  // What does not fit this configuration is left out, and the notice says how much.
  //
  // Members that were active get new flows at once: it is the balancer that was away, not they.
  // Each has until max(timeout, restore_grace) to send its agent, else it is lost as usual. What
  // was drained, paused, down or orphaned is so still.
  RestoreOutcome on_restore(Instant now, std::span<const std::uint8_t> snapshot);

  // The whole state that a successor can use, and the same without the flows: for a file that is
  // written whenever membership_version() changes, beside the lent memory of the flows.
  std::vector<std::uint8_t> snapshot(Instant now) const;
  std::vector<std::uint8_t> membership_snapshot(Instant now) const;
  std::uint64_t membership_version() const;

  std::optional<Packet> next_transmit();
  std::optional<Message> next_message();
  std::optional<Notice> next_notice();
  Instant next_deadline() const;

  const BalancerConfig& config() const { return config_; }
  const BackendSet& backends() const { return backends_; }
  const Counters& counters() const { return counters_; }
  // None: not a pair.
  std::optional<PairView> pair(BackendRef backend) const {
    return registrar_.pairs().view(backend);
  }
  // What was decided about the last packet of on_packet: for traces and experiments.
  const Decision& decision() const { return data_path_.decision(); }
  const FlowTable& flows() const { return data_path_.flows(); }
  // Some backend drains until its flows have ended, and would use on_flow_counts.
  bool drains() const { return registrar_.drains(); }
  std::uint64_t digest() const;

 private:
  // Rebuilds what hangs on the candidates, after every event that may have changed them.
  void settle();

  BalancerConfig config_;
  Counters counters_;
  BackendSet backends_;
  DataPath data_path_;
  Registrar registrar_;
  const std::uint64_t life_;  // of the lent memory
  std::uint64_t built_paths_ = 0;
  std::uint64_t built_version_ = 0;  // of the backend set, that the data path was built for
};

}  // namespace poise
