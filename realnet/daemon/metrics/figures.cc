// Counters and states of the machines as families; one table of help texts.
#include "realnet/daemon/metrics/figures.h"

#include <algorithm>
#include <string_view>

#include "model/balancer/counters.h"

namespace poise::realnet {
namespace {

constexpr std::size_t at(Count count) {
  return static_cast<std::size_t>(count);
}

// What each counter after the drops counts.
constexpr std::array<std::string_view, kCountNumber - at(Count::passed)> kHelp = {
    "Packets that were not ours, left to the host.",
    "Packets rewritten and sent on.",
    "Packets of flows found in the flow table.",
    "Packets whose backend the policy chose.",
    "Packets of tracked flows whose backend may not keep them.",
    "Packets of new flows that the full flow table refused.",
    "ICMP errors sent to the flow they speak of.",
    "Fragments sent after their first.",
    "Inner datagrams cut in two because they did not fit the tunnel.",
    "Senders told which MTU fits.",
    "SYNs whose MSS was clamped.",
    "Copies sent to the replica of a pair that is not active.",
    "Such copies that found no room in the outbox.",
    "Lines received on control streams.",
    "Lines answered with INVALID.",
    "Lines too long to be read.",
    "Control streams refused.",
    "Registrations completed.",
    "Registrations refused.",
    "Registrations whose data path was not proved in time.",
    "Probes sent through tunnels.",
    "Heartbeats received.",
    "Backends lost by silence.",
    "Control streams lost.",
    "Takeovers of a pair by its other replica.",
    "Announcements of replicas that were refused for their epoch.",
};
static_assert(!kHelp.back().empty(), "every counter has its help");

// Packets take their own way through each queue; control events reach all machines alike.
constexpr bool is_of_packets(Count count) {
  return count <= Count::mirror_no_room;
}

template <class Counts>
void write_counts(std::string_view prefix, const Counts& value_of, Exposition& exposition) {
  for (std::size_t i = 0; i < kCountNumber; ++i) {
    const auto count = static_cast<Count>(i);
    const std::string_view name = to_string(count);
    const auto value = static_cast<double>(value_of(count));
    if (count == Count::drop_no_room)
      exposition.counter(std::string(prefix) + "answers_lost_total",
                         "Answers of ours that found the outbox full.", value);
    else if (count < Count::passed)
      exposition.counter(std::string(prefix) + "drops_total", "Packets dropped, by reason.", value,
                         {{"reason", std::string(name.substr(name.find('_') + 1))}});
    else
      exposition.counter(std::string(prefix) + std::string(name) + "_total",
                         kHelp[i - at(Count::passed)], value);
  }
}

constexpr std::array<std::string_view, kFlowStateCount> kFlowStates{"closing", "handshake",
                                                                    "datagram", "established"};
constexpr std::array kBackendStates{BackendState::registering, BackendState::active,
                                    BackendState::draining, BackendState::paused,
                                    BackendState::down};
static_assert(kBackendStates.size() == kBackendStateCount);

constexpr std::array kAgentStates{AgentState::unregistered, AgentState::connecting,
                                  AgentState::registering,  AgentState::active,
                                  AgentState::paused,       AgentState::deregistered};

void write_flow_counters(const FlowTable::Counters& counters, Exposition& exposition) {
  const auto counter = [&](std::string_view name, std::string_view help, std::uint64_t value) {
    exposition.counter("poise_balancer_flows_" + std::string(name) + "_total", help,
                       static_cast<double>(value));
  };
  counter("inserted", "Flows entered into the flow table.", counters.inserted);
  counter("erased", "Flows replaced or taken out.", counters.erased);
  counter("expired", "Flows idle for too long.", counters.expired);
  counter("forgotten", "Flows whose backend was forgotten.", counters.forgotten);
  for (std::size_t state = 0; state < kFlowStateCount; ++state) {
    const Exposition::Labels labels{{"state", std::string(kFlowStates[state])}};
    exposition.counter("poise_balancer_flows_evicted_total",
                       "Flows pushed out of a full table, by state.",
                       static_cast<double>(counters.evicted[state]), labels);
    exposition.counter("poise_balancer_flows_refused_total",
                       "Flows that a full table did not take, by state.",
                       static_cast<double>(counters.refused[state]), labels);
  }
}

void write_pair(const std::string& name, const PairView& pair, Exposition& exposition) {
  exposition.gauge("poise_balancer_pair_epoch", "The newest epoch of a pair.",
                   static_cast<double>(pair.epoch), {{"backend", name}});
  for (std::size_t i = 0; i < kPairSize; ++i)
    exposition.gauge(
        "poise_balancer_pair_active", "1 for the replica that a pair's packets are for.",
        pair.serves && pair.active == i, {{"backend", name}, {"replica", std::to_string(i)}});
}

}  // namespace

void BalancerFigures::add(const Balancer& shard) {
  for (std::size_t i = 0; i < kCountNumber; ++i) {
    const auto count = static_cast<Count>(i);
    if (is_empty_ || is_of_packets(count)) counts_[i] += shard.counters()[count];
  }
  const FlowTable::Counters& flows = shard.flows().counters();
  flow_counters_.inserted += flows.inserted;
  flow_counters_.erased += flows.erased;
  flow_counters_.expired += flows.expired;
  flow_counters_.forgotten += flows.forgotten;
  for (std::size_t state = 0; state < kFlowStateCount; ++state) {
    flow_counters_.evicted[state] += flows.evicted[state];
    flow_counters_.refused[state] += flows.refused[state];
  }
  flows_ += shard.flows().size();
  flows_max_ += shard.flows().capacity();
  for (const BackendIndex index : shard.backends().by_name()) {
    const Backend& backend = shard.backends()[index];
    auto known = std::find_if(backends_.begin(), backends_.end(),
                              [&](const BackendFigures& of) { return of.name == backend.name; });
    if (known == backends_.end())
      known = backends_.insert(
          known, {backend.name, backend.state, backend.weight, 0, shard.pair(backend.ref)});
    known->flows += shard.flows().flow_counts()[index];
  }
  is_empty_ = false;
}

void BalancerFigures::write(Exposition& exposition) const {
  write_counts(
      "poise_balancer_", [&](Count count) { return counts_[at(count)]; }, exposition);
  exposition.gauge("poise_balancer_flows", "Flows in the flow table.", static_cast<double>(flows_));
  exposition.gauge("poise_balancer_flows_max", "Flows that the flow table holds.",
                   static_cast<double>(flows_max_));
  write_flow_counters(flow_counters_, exposition);
  for (const BackendFigures& backend : backends_) {
    exposition.gauge("poise_balancer_backend_flows", "Flows of a backend.",
                     static_cast<double>(backend.flows), {{"backend", backend.name}});
    exposition.gauge("poise_balancer_backend_weight", "A backend's weight.", backend.weight,
                     {{"backend", backend.name}});
    if (backend.pair) write_pair(backend.name, *backend.pair, exposition);
    for (const BackendState state : kBackendStates)
      exposition.gauge("poise_balancer_backend_state", "1 in a backend's state, 0 in the others.",
                       state == backend.state,
                       {{"backend", backend.name}, {"state", std::string(to_string(state))}});
  }
}

AgentFigures::AgentFigures(const Agent& agent) : balancers_(agent.config().balancers) {
  for (std::size_t i = 0; i < kCountNumber; ++i)
    counts_[i] = agent.counters()[static_cast<Count>(i)];
  for (PeerId peer = 0; peer < balancers_.size(); ++peer) states_.push_back(agent.state(peer));
}

void AgentFigures::write(Exposition& exposition) const {
  write_counts(
      "poise_agent_", [&](Count count) { return counts_[static_cast<std::size_t>(count)]; },
      exposition);
  for (std::size_t peer = 0; peer < balancers_.size(); ++peer)
    for (const AgentState state : kAgentStates)
      exposition.gauge(
          "poise_agent_state", "1 in the state at a balancer, 0 in the others.",
          state == states_[peer],
          {{"balancer", balancers_[peer].to_string()}, {"state", std::string(to_string(state))}});
}

}  // namespace poise::realnet
