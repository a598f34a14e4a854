// The invariants of the storm.
#include "tests/storm/watch.h"

#include <algorithm>
#include <cstdio>
#include <numeric>

#include "model/wire/datagram.h"
#include "model/wire/describe.h"

namespace poise::storm {
namespace {

constexpr std::size_t kTalkMax = 200;
// Less than every idle timeout of a flow.
constexpr Duration kSurelyAlive = std::chrono::milliseconds{250};

bool is_new_choice(Decision::Reason reason) {
  return reason == Decision::Reason::chosen || reason == Decision::Reason::moved ||
         reason == Decision::Reason::untracked;
}

bool is_probe(std::span<const std::uint8_t> bytes) {
  constexpr std::string_view kProbe = "SANITY ";
  return std::search(bytes.begin(), bytes.end(), kProbe.begin(), kProbe.end()) != bytes.end();
}

}  // namespace

void Watch::fail(const std::string& what) {
  if (failures_.empty()) note("!! " + what);  // what follows the first failure explains nothing
  failures_.push_back(what);
}

void Watch::note(const std::string& text) {
  if (!talks_ || !failures_.empty()) return;
  char time[32];
  std::snprintf(time, sizeof time, "%10.3fms ", to_seconds(world_->now()) * 1e3);
  talk_.push_back(time + text);
  if (talk_.size() > kTalkMax) talk_.pop_front();
}

void Watch::balancer_started(std::size_t balancer) {
  past_[balancer] = {};
  for (std::size_t agent = 0; agent < weather_.agents.size(); ++agent)
    proofs_.erase({balancer, agent});
}

void Watch::balancer_restarts(std::size_t balancer) {
  const BackendSet& backends = world_->balancers()[balancer].machine->backends();
  Past past;
  past.restarted = true;
  past.epoch = past_[balancer].epoch;
  for (const auto& [key, flow] : past_[balancer].flows)
    if (flow.is_kept && backends.keeps(flow.backend)) {
      past.flows[key] = flow;
      past.moves_in[key] = backends.find(flow.backend)->name;
    }
  past_[balancer] = std::move(past);
}

// The flows of the life before are the same, at the same backends under new names.
void Watch::take_over(const Balancer& balancer, Past& past) {
  past.restarted = false;
  for (const auto& [key, name] : past.moves_in) {
    const Backend* backend = balancer.backends().find(name);
    if (!backend || !keeps_old_flows(backend->state)) fail(name + " was lost by a restart");
    if (backend) past.flows[key].backend = backend->ref;
  }
  past.moves_in.clear();
}

void Watch::balanced(std::size_t index, std::span<const std::uint8_t> before, Verdict verdict,
                     std::span<const std::uint8_t> after) {
  ++packets_;
  digest_.add(index).add(verdict).add(after);
  if (talks_) note(weather_.balancers[index].name + " gets " + wire::describe(before));
  check_counters(index, verdict);
  wire::Datagram datagram;
  const bool readable = wire::parse(before, datagram) == wire::Malformed::none;
  const bool is_ours = readable && !datagram.is_icmp_error &&
                       datagram.destination == weather_.vip.address &&
                       datagram.protocol == weather_.vip.protocol &&
                       (weather_.vip.port == 0 || datagram.is_later_fragment() ||
                        datagram.destination_port == weather_.vip.port);
  if (!readable && verdict != Verdict::drop) fail("what cannot be read was not dropped");
  if (is_ours && verdict == Verdict::pass) fail("a packet to the VIP was passed");
  // What is dropped for its size has placed its flow all the same.
  if (readable && verdict == Verdict::drop) past_[index].flows.erase(key_of(datagram));
  if (verdict != Verdict::forward) return;
  check_destination(index, before, after);
  if (datagram.is_later_fragment()) return;
  check_flow(index, datagram);
  check_agreement(*world_->balancers()[index].machine, datagram);
}

// Only the last decision of a burst can be asked for: the others are judged by where they went.
void Watch::burst_balanced(std::size_t index, const std::vector<memory::Bytes>& before,
                           std::span<const Verdict> verdicts,
                           const std::vector<memory::Bytes>& after) {
  Past& past = past_[index];
  const Counters& now = world_->balancers()[index].machine->counters();
  const auto delta = [&](Count count) { return now[count] - past.counters[count]; };
  const auto given = [&](Verdict verdict) {
    return static_cast<std::uint64_t>(std::count(verdicts.begin(), verdicts.end(), verdict));
  };
  if (delta(Count::forwarded) != given(Verdict::forward) ||
      delta(Count::passed) != given(Verdict::pass) ||
      now.dropped() - past.counters.dropped() - delta(Count::drop_no_room) != given(Verdict::drop))
    fail("the counts of a burst do not add up");
  past.counters = now;
  packets_ += before.size();
  for (std::size_t i = 0; i < before.size(); ++i) {
    digest_.add(index).add(verdicts[i]).add(std::span(after[i]));
    if (talks_) note(weather_.balancers[index].name + " gets " + wire::describe(before[i]));
    wire::Datagram datagram;
    if (wire::parse(before[i], datagram) == wire::Malformed::none)
      past.flows.erase(key_of(datagram));
    if (verdicts[i] == Verdict::forward && destination(index, after[i]) == nullptr)
      fail("a burst's packet was forwarded to no backend");
  }
}

// Every packet is forwarded, passed or dropped for one reason, and counted once as that.
void Watch::check_counters(std::size_t index, Verdict verdict) {
  const Counters& now = world_->balancers()[index].machine->counters();
  Counters& past = past_[index].counters;
  const std::uint64_t no_room = now[Count::drop_no_room] - past[Count::drop_no_room];
  const std::uint64_t dropped = now.dropped() - past.dropped() - no_room;
  const std::uint64_t forwarded = now[Count::forwarded] - past[Count::forwarded];
  const std::uint64_t passed = now[Count::passed] - past[Count::passed];
  if (dropped != (verdict == Verdict::drop) || forwarded != (verdict == Verdict::forward) ||
      passed != (verdict == Verdict::pass))
    fail("counted " + std::to_string(forwarded) + " forwarded, " + std::to_string(passed) +
         " passed, " + std::to_string(dropped) + " dropped for one packet");
  if (now[Count::drop_no_backend] != past[Count::drop_no_backend] &&
      !world_->balancers()[index].machine->backends().candidates().empty())
    fail("no backend was found though there is one");
  past = now;
}

// The one live backend that a tunnel leads to; nullptr: there is no such.
const Backend* Watch::destination(std::size_t index, std::span<const std::uint8_t> after) {
  const BackendSet& backends = world_->balancers()[index].machine->backends();
  wire::Datagram outer;
  if (wire::parse(after, outer) != wire::Malformed::none) return nullptr;
  const Backend* backend = nullptr;
  for (const BackendIndex i : backends.by_name()) {
    if (backends[i].address != outer.destination) continue;
    if (backends[i].kind == BackendKind::replica) continue;  // its pair has the packets
    if (backend) fail("two backends have one address");
    backend = &backends[i];
  }
  if (backend && !keeps_old_flows(backend->state))
    fail("forwarded to " + backend->name + ", which is " + std::string(to_string(backend->state)));
  return backend;
}

// To exactly one backend, which may have it, with the client's bytes unchanged inside.
void Watch::check_destination(std::size_t index, std::span<const std::uint8_t> before,
                              std::span<const std::uint8_t> after) {
  const Balancer& balancer = *world_->balancers()[index].machine;
  const Backend* backend = destination(index, after);
  if (!backend) return fail("forwarded to no backend");
  const Decision& decision = balancer.decision();
  if (decision.backend != backend->ref) fail("the decision is not where the packet went");
  wire::Datagram inner;
  static_cast<void>(wire::parse(before, inner));
  if (is_new_choice(decision.reason) && !takes_new_flows(backend->state))
    fail(backend->name + " got a new flow while " + std::string(to_string(backend->state)));
  const bool is_whole =
      after.size() >= inner.total_size + wire::overhead(weather_.balancers[index].encapsulation,
                                                        balancer.config().address.family());
  const bool is_syn = inner.tcp_flags & wire::tcp_flag::kSyn;  // its MSS may be clamped
  if (is_whole && !is_syn &&
      !std::equal(before.begin(), before.begin() + inner.total_size,
                  after.end() - static_cast<std::ptrdiff_t>(inner.total_size)))
    fail("the client's bytes were changed");
}

// A tracked flow stays where it is while its backend keeps old flows.
void Watch::check_flow(std::size_t index, const wire::Datagram& datagram) {
  const Balancer& balancer = *world_->balancers()[index].machine;
  if (!balancer.config().tracking || !weather_.is_roomy) return;
  std::map<FlowKey, Flow>& flows = past_[index].flows;
  const FlowKey key = key_of(datagram);
  const Decision& decision = balancer.decision();
  const auto known = flows.find(key);
  const bool starts_anew = datagram.tcp_flags & wire::tcp_flag::kSyn;
  if (known != flows.end() && known->second.is_kept && !(known->second.is_closing && starts_anew) &&
      world_->now() - known->second.last < kSurelyAlive &&
      known->second.backend != decision.backend)
    fail("a tracked flow moved though its backend keeps old flows");
  if (datagram.is_icmp_error) return;  // it neither opens a flow nor keeps one alive
  const bool ends = datagram.tcp_flags & (wire::tcp_flag::kFin | wire::tcp_flag::kRst);
  // Of a flow that was not followed from its start, we do not know.
  const bool was_closing = known == flows.end() || known->second.is_closing;
  flows[key] = {decision.backend, world_->now(), true, ends || (was_closing && !starts_anew)};
}

// Under a consistent policy, equal members give equal choices, whoever is asked.
void Watch::check_agreement(const Balancer& balancer, const wire::Datagram& datagram) {
  if (!is_new_choice(balancer.decision().reason)) return;
  const auto policy = policy::make(weather_.policy);
  if (!policy->is_consistent()) return;
  Digest members;
  for (const policy::Candidate& candidate : balancer.backends().candidates())
    members.add(candidate.name).add(candidate.weight).add(candidate.weight_unit);
  const Backend* backend = balancer.backends().find(balancer.decision().backend);
  if (!backend) return;
  const auto [known, is_new] =
      agreements_.try_emplace({members.value(), key_of(datagram)}, backend->name);
  if (known->second != backend->name)
    fail("with equal members, " + known->second + " was chosen once and " + backend->name + " now");
}

void Watch::received(std::size_t agent, std::span<const std::uint8_t> before, Verdict verdict,
                     std::span<const std::uint8_t> after) {
  digest_.add(agent).add(verdict).add(after);
  if (talks_) note(weather_.agents[agent].name + " gets " + wire::describe(before));
  wire::Datagram outer;
  if (wire::parse(before, outer) != wire::Malformed::none) return;
  if (verdict == Verdict::forward) {
    wire::Datagram inner;
    if (wire::parse(after, inner) != wire::Malformed::none ||
        inner.destination != weather_.vip.address)
      fail("the host got what is not for its VIP");
  }
  if (verdict != Verdict::drop || !is_probe(before)) return;
  for (std::size_t i = 0; i < weather_.balancers.size(); ++i)
    if (weather_.balancers[i].address == outer.source) proofs_[{i, agent}] = world_->now();
}

void Watch::noticed(const std::string& machine, const Notice& notice) {
  digest_.add(machine).add(notice.kind).add(notice.subject).add(notice.detail);
  note(machine + ": " + notice.kind + " " + notice.subject + " " + notice.detail);
}

void Watch::overdue(const std::string& machine) {
  fail(machine + " has a deadline that is not in the future after a drain");
}

void Watch::balancer_settled(std::size_t index) {
  const Balancer& balancer = *world_->balancers()[index].machine;
  Past& past = past_[index];
  if (past.restarted) take_over(balancer, past);
  std::map<BackendIndex, std::pair<std::uint16_t, BackendState>> states;
  for (const BackendIndex i : balancer.backends().by_name()) {
    const Backend& backend = balancer.backends()[i];
    const auto before = past.states.find(i);
    const bool is_same =
        before != past.states.end() && before->second.first == backend.ref.generation;
    const bool was_registering = !is_same || before->second.second == BackendState::registering;
    if (backend.state == BackendState::registering && (!is_same || !was_registering))
      past.registering_since[i] = world_->now();
    if (backend.state != BackendState::registering && backend.state != BackendState::down &&
        was_registering)
      check_proved(index, backend);
    states[i] = {backend.ref.generation, backend.state};
  }
  past.states = std::move(states);
  check_pair(balancer, past);
  for (auto& [key, flow] : past.flows)
    flow.is_kept = flow.is_kept && balancer.backends().keeps(flow.backend);
  check_bounds(balancer);
  past.counters = balancer.counters();
}

// Epochs only grow, and in each the packets are for the replica that it was granted to.
void Watch::check_pair(const Balancer& balancer, Past& past) {
  const Backend* backend = balancer.backends().find(kPair);
  const std::optional<PairView> pair = backend ? balancer.pair(backend->ref) : std::nullopt;
  if (!pair) return past.epoch.reset();
  if (past.epoch && pair->epoch < *past.epoch) fail("an epoch went back");
  past.epoch = pair->epoch;
  if (!pair->active) return;
  const std::string& name = pair->replicas[*pair->active];
  const auto grant = granted_.find(pair->active_epoch);
  if (grant == granted_.end() || grant->second != *pair->active)
    fail("the pair's packets are for a replica that was not granted its epoch");
  const Backend* member = name.empty() ? nullptr : balancer.backends().find(name);
  if (member && member->address != backend->address) fail("the pair's packets are for another");
}

// The data path was proved to exactly this backend, after it asked to register.
void Watch::check_proved(std::size_t index, const Backend& backend) {
  if (backend.kind == BackendKind::pair) {  // its active replica was, or it was restored
    const Balancer& balancer = *world_->balancers()[index].machine;
    if (past_[index].registering_since.contains(backend.ref.index) &&
        !balancer.pair(backend.ref)->serves)
      fail("a pair came up without an active replica");
    return;
  }
  const auto agent = world_->agent_at(backend.address);
  if (!agent) return fail(backend.name + " is active at an address where nobody is");
  const auto proof = proofs_.find({index, *agent});
  if (proof == proofs_.end() || proof->second < past_[index].registering_since[backend.ref.index])
    fail(backend.name + " is " + std::string(to_string(backend.state)) +
         ", but no probe reached it since it registered");
}

void Watch::check_bounds(const Balancer& balancer) {
  const FlowTable& flows = balancer.flows();
  if (flows.size() > flows.capacity() || flows.occupied() > flows.capacity())
    fail("the flow table is beyond its bound");
  if (balancer.backends().size() > balancer.config().backend_count_max)
    fail("there are more backends than the bound");
  const auto counts = flows.flow_counts();
  if (std::accumulate(counts.begin(), counts.end(), 0u) != flows.size())
    fail("the flows of all backends do not add up");
}

}  // namespace poise::storm
