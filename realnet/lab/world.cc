// The real world of one plan: building it, running it, collecting what it gives.
#include "realnet/lab/world.h"

#include <algorithm>
#include <chrono>
#include <set>
#include <stdexcept>
#include <utility>

#include "model/scenario/summarize.h"
#include "realnet/lab/commands.h"
#include "realnet/lab/tap_network.h"
#include "realnet/lab/veth_network.h"
#include "realnet/system/clock.h"

namespace poise::realnet::lab {

using scenario::FaultKind;
using scenario::NodeKind;

namespace {

constexpr Duration kBeat = std::chrono::milliseconds{50};
constexpr Duration kReady = std::chrono::seconds{1};       // before a host starts
constexpr Duration kLead = std::chrono::milliseconds{20};  // from built to the plan's time zero

std::unique_ptr<Network> make_network(const scenario::Plan& plan,
                                      const scenario::Topology& topology, const LabOptions& options,
                                      Loop& loop) {
  if (options.fabric) return std::make_unique<TapNetwork>(plan, topology, options.fabric);
  return std::make_unique<VethNetwork>(plan, topology, loop);
}

// Agents beat in step with the clock (model/balancer/agent.cc): the plan's must stand to it as the
// simulated one does.
Instant in_step(Instant earliest, Duration heartbeat) {
  return Instant{heartbeat * ((earliest.time_since_epoch() + heartbeat - Duration{1}) / heartbeat)};
}

}  // namespace

World::World(const scenario::Plan& plan, const LabOptions& options, const Fd& files)
    : plan_(plan),
      options_(options),
      files_(files),
      topology_(plan.topology),
      network_(make_network(plan, topology_, options, loop_)),
      log_(plan, topology_),
      exchange_(scenario::Exchange::of(plan)),
      hosts_(topology_.nodes().size()),
      clients_(topology_.of_kind(NodeKind::client)),
      faults_(scenario::expand_faults(plan)),
      late_(faults_.size()) {
  for (const scenario::FaultEvent& fault : faults_)
    if (fault.kind == scenario::FaultKind::slow && !network_->can_delay())
      throw std::invalid_argument("the lab cannot run this plan: fault." +
                                  std::to_string(fault.plan_index) +
                                  " is slow, and this kernel has no netem");
  for (const std::string& name : plan.measures.captures)
    if (options.fabric && topology_.nodes()[*topology_.find_node(name)].kind == NodeKind::router)
      throw std::invalid_argument("emu cannot run this plan: it captures at " + name +
                                  ", and routers are simulated there");
  std::set<std::uint16_t> ports;
  for (const scenario::VipSpec& vip : plan.service.vips) ports.insert(port_of(vip));
  ports_.assign(ports.begin(), ports.end());
  for (NodeId id = 0; id < hosts_.size(); ++id) build_host(id);
  for (const std::string& what : network_->left_out())
    notices_.push_back({0, "world", "left_out", "network", what});
}

void World::build_host(NodeId id) {
  const scenario::TopologyNode& node = topology_.nodes()[id];
  if (node.kind == NodeKind::client) build_client(id);
  if (plan_.service.server == "failover") return build_failover(id);
  if (node.kind != (options_.without_balancers ? NodeKind::balancer : NodeKind::backend)) return;
  hosts_[id].server = std::make_unique<Server>(network_->where(id), loop_, log_, exchange_.upload);
  if (!options_.without_balancers) return;
  Commands commands;
  for (const scenario::VipSpec& vip : plan_.service.vips)
    commands.ip(node.name, "address add " + vip.address.to_string() + "/32 dev lo");
  commands.run();
}

void World::build_client(NodeId id) {
  hosts_[id].client = std::make_unique<Client>(
      id, topology_.nodes()[id].address, network_->where(id), loop_, log_, exchange_,
      [this](const scenario::ScheduledFlow& flow) { flow_ended(flow); });
  if (plan_.service.server != "failover") return;
  hosts_[id].client->look_at_content([this](std::uint32_t flow, std::uint64_t offset) {
    notices_.push_back({to_ns(loop_.now()), "world", "altered",
                        std::to_string(log_.number_of(flow)),
                        "byte " + std::to_string(offset) + " of what the server said"});
  });
  if (exchange_.upload) hosts_[id].client->before_ends([this] { take_progress(); });
}

// Before the plan's time zero. Balancers first: an agent's first SYN should find a listener.
void World::boot_all() {
  for (const bool balancers : {true, false})
    for (NodeId id = 0; id < hosts_.size(); ++id)
      if (!topology_.nodes()[id].spare &&
          (topology_.nodes()[id].kind == NodeKind::balancer) == balancers)
        boot(id);
  await_readiness();
}

// Everything that the plan says, at its instants.
void World::schedule_all() {
  for (const scenario::FaultEvent& fault : faults_) {
    loop_.at(fault.at, [this, &fault] { carry_out(fault); });
    if (fault.kind == FaultKind::join || fault.kind == FaultKind::restart)
      loop_.at(fault.at - kReady, [this, &fault] {
        if (const auto node = topology_.find_node(fault.target)) prepare(*node, fault.at);
      });
  }
  if (plan_.workload.arrivals == "closed") {
    closed_loop_ =
        std::make_unique<scenario::ClosedLoop>(plan_, static_cast<std::uint32_t>(clients_.size()));
    for (std::uint32_t slot = 0; slot < closed_loop_->slot_count(); ++slot) start_slot(slot);
  } else {
    schedule_ = scenario::schedule(plan_, static_cast<std::uint32_t>(clients_.size()));
    start_next(0);
  }
}

void World::start_next(std::size_t index) {
  if (index > 0) start_flow(schedule_[index - 1]);
  if (index < schedule_.size())
    loop_.at(schedule_[index].start, [this, index] { start_next(index + 1); });
}

void World::start_slot(std::uint32_t slot) {
  const auto flow = closed_loop_->next(slot, std::max(loop_.now(), Instant{}));
  if (flow) loop_.at(flow->start, [this, flow = *flow] { start_flow(flow); });
}

void World::start_flow(const scenario::ScheduledFlow& flow) {
  const NodeId client = clients_[flow.client];
  if (!hosts_[client].up) return;  // a dead host starts nothing
  latest_start_ = std::max(latest_start_, loop_.now() - flow.start);
  const scenario::VipSpec& vip = plan_.service.vips[flow.vip];
  const std::uint32_t name = hosts_[client].client->start(flow, {vip.address, port_of(vip)});
  uploads_[{topology_.nodes()[client].address.as_v4(), flow.source_port}] = {name, 0};
}

void World::flow_ended(const scenario::ScheduledFlow& flow) {
  if (closed_loop_) start_slot(flow.flow % closed_loop_->slot_count());
}

void World::beat(const std::function<void(double fraction)>& on_progress) {
  on_progress(std::max(0.0, to_seconds(loop_.now()) / to_seconds(plan_.duration)));
  loop_.at(loop_.now() + kBeat, [this, &on_progress] { beat(on_progress); });
}

scenario::RunResult World::run(const std::function<void(double fraction)>& on_progress) {
  const Instant began = realnet::now();
  loop_.begin_at(began);
  boot_all();
  loop_.begin_at(in_step(realnet::now() + kLead, plan_.control.heartbeat));
  start_captures();
  schedule_all();
  beat(on_progress);
  loop_.run_until(Instant{plan_.duration});
  finish_captures();
  for (const Host& host : hosts_)
    if (host.server) host.server->note_retransmits();
  stop_daemons();
  tell_failover();
  scenario::RunResult told;
  const std::vector<scenario::MemberChange> changes = examine(told);
  scenario::RunFacts facts = log_.take();
  facts.effective = scenario::effective_instants(plan_, topology_, faults_, changes);
  scenario::RunResult result = scenario::summarize(plan_, topology_, facts);
  result.counters = std::move(told.counters);
  result.digests = std::move(told.digests);
  result.events = told.events;
  collect(result);
  keep_records();
  result.files = std::move(kept_);
  result.wall_ns = (realnet::now() - began).count();
  on_progress(1);
  return result;
}

void World::collect(scenario::RunResult& result) {
  const auto add = [&result](const std::string& name, Duration value) {
    result.counters.push_back({"world", name, value.count()});
  };
  for (std::size_t fault = 0; fault < late_.size(); ++fault)
    add("fault_" + std::to_string(fault) + "_late_ns", late_[fault]);
  add("flow_start_late_max_ns", latest_start_);
  add("time_zero_boottime_ns", loop_.origin().time_since_epoch());
  for (const auto& [name, value] : network_->finish()) add(name, Duration{value});
  std::stable_sort(notices_.begin(), notices_.end(),
                   [](const auto& a, const auto& b) { return a.at_ns < b.at_ns; });
  result.notices = std::move(notices_);
}

}  // namespace poise::realnet::lab
