// Watches a storm: what must be so after every packet and every event, whatever the weather.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "model/flow/flow_key.h"
#include "model/hash.h"
#include "tests/storm/weather.h"
#include "tests/world/memory_world.h"

namespace poise::storm {

class Watch : public memory::Observer {
 public:
  // `talks` keeps the last of what happened, to be shown beside a failure.
  Watch(const Weather& weather, bool talks) : weather_(weather), talks_(talks) {}
  void look_at(const memory::MemoryWorld& world) { world_ = &world; }
  // Before anything else reaches a machine that died or started: it remembers nothing.
  void balancer_started(std::size_t balancer);
  // Before one ends and another goes on: all flows of its members must stay where they are.
  void balancer_restarts(std::size_t balancer);

  // The witness gave an epoch to this replica of the pair, and will give it to no other.
  void granted(std::uint64_t epoch, std::uint8_t replica) { granted_[epoch] = replica; }

  const std::vector<std::string>& failures() const { return failures_; }
  const std::deque<std::string>& talk() const { return talk_; }
  // A hash of all that was seen.
  std::uint64_t digest() const { return digest_.value(); }
  std::uint64_t packets() const { return packets_; }
  void fail(const std::string& what);
  void note(const std::string& text);

  void balanced(std::size_t, std::span<const std::uint8_t>, Verdict,
                std::span<const std::uint8_t>) override;
  void burst_balanced(std::size_t, const std::vector<memory::Bytes>&, std::span<const Verdict>,
                      const std::vector<memory::Bytes>&) override;
  void received(std::size_t, std::span<const std::uint8_t>, Verdict,
                std::span<const std::uint8_t>) override;
  void noticed(const std::string&, const Notice&) override;
  void balancer_settled(std::size_t) override;
  void overdue(const std::string& machine) override;

 private:
  // A flow as a balancer's client sees it.
  struct Flow {
    BackendRef backend;
    Instant last;
    bool is_kept = false;  // its backend has kept old flows ever since
    bool is_closing = false;
  };
  // What was known of one balancer after its last event.
  struct Past {
    Counters counters;
    std::map<FlowKey, Flow> flows;
    std::map<BackendIndex, std::pair<std::uint16_t, BackendState>> states;
    std::map<BackendIndex, Instant> registering_since;
    std::optional<std::uint64_t> epoch;       // of the pair, while it is known
    bool restarted = false;                   // and not drained since
    std::map<FlowKey, std::string> moves_in;  // of the life before: to which backend
  };

  void take_over(const Balancer& balancer, Past& past);
  void check_counters(std::size_t balancer, Verdict verdict);
  const Backend* destination(std::size_t balancer, std::span<const std::uint8_t> after);
  void check_destination(std::size_t balancer, std::span<const std::uint8_t> before,
                         std::span<const std::uint8_t> after);
  void check_flow(std::size_t balancer, const wire::Datagram& datagram);
  void check_agreement(const Balancer& balancer, const wire::Datagram& datagram);
  void check_proved(std::size_t balancer, const Backend& backend);
  void check_pair(const Balancer& balancer, Past& past);
  void check_bounds(const Balancer& balancer);

  const Weather& weather_;
  bool talks_;
  const memory::MemoryWorld* world_ = nullptr;
  std::map<std::size_t, Past> past_;  // by balancer
  std::map<std::pair<std::size_t, std::size_t>, Instant>
      proofs_;  // last probe, by (balancer, agent)
  std::map<std::pair<std::uint64_t, FlowKey>, std::string> agreements_;  // by (members, flow)
  std::map<std::uint64_t, std::uint8_t> granted_;
  std::vector<std::string> failures_;
  std::deque<std::string> talk_;
  Digest digest_;
  std::uint64_t packets_ = 0;
};

}  // namespace poise::storm
