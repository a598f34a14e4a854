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
  Balancer(BalancerConfig config, std::unique_ptr<policy::Policy> policy);

  Verdict on_packet(Instant now, Packet& packet) noexcept;
  // REQUIRES: packets.size() == verdicts.size() <= kBurst. Equal to on_packet for each in order.
  void on_burst(Instant now, std::span<Packet> packets, std::span<Verdict> verdicts) noexcept;
  void on_peer(Instant now, PeerId peer, PeerEvent event);
  void on_message(Instant now, PeerId peer, std::span<const std::uint8_t> bytes);
  CommandResult on_command(Instant now, const Command& command);
  void on_timer(Instant now);

  std::optional<Packet> next_transmit();
  std::optional<Message> next_message();
  std::optional<Notice> next_notice();
  Instant next_deadline() const;

  const BalancerConfig& config() const { return config_; }
  const BackendSet& backends() const { return backends_; }
  const Counters& counters() const { return counters_; }
  // What was decided about the last packet of on_packet: for traces and experiments.
  const Decision& decision() const { return data_path_.decision(); }
  const FlowTable& flows() const { return data_path_.flows(); }
  std::uint64_t digest() const;

 private:
  // Rebuilds what hangs on the candidates, after every event that may have changed them.
  void settle();

  BalancerConfig config_;
  Counters counters_;
  BackendSet backends_;
  DataPath data_path_;
  Registrar registrar_;
  std::uint64_t built_version_ = 0;  // of the backend set, that the data path was built for
};

}  // namespace poise
