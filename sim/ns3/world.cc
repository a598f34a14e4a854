// The simulated world of one plan: building it, running it, collecting what it gives.
#include "sim/ns3/world.h"

#include <algorithm>
#include <chrono>
#include <set>
#include <stdexcept>
#include <utility>

#include <ns3/simulator.h>

#include "model/scenario/failover_config.h"
#include "model/scenario/machine_config.h"
#include "model/scenario/summarize.h"
#include "model/scenario/words.h"
#include "sim/ns3/convert.h"

namespace poise::ns3world {

namespace {

using scenario::NodeKind;

constexpr Duration kBeatMin = std::chrono::milliseconds{1};  // of simulated time
constexpr int kBeatsMax = 100'000;                           // a run
constexpr std::int64_t kPollWallNs = 50'000'000;             // of wall time

std::int64_t wall_ns() {
  return std::chrono::steady_clock::now().time_since_epoch() / std::chrono::nanoseconds{1};
}

// ns-3's TCP knows no MSS option: its clients get here what clamping tells real ones.
std::uint32_t segment_size(const scenario::Plan& plan) {
  const auto encapsulation = wire::parse_encapsulation(plan.service.encapsulation);
  return plan.service.mtu - 52 -
         static_cast<std::uint32_t>(wire::overhead(*encapsulation, Family::v4));
}

}  // namespace

World::World(const scenario::Plan& plan, const RunOptions& options)
    : plan_(plan),
      options_(options),
      topology_(plan.topology),
      network_(plan, topology_),
      log_(plan, topology_),
      exchange_(scenario::Exchange::of(plan)),
      hosts_(topology_.nodes().size()),
      clients_(topology_.of_kind(NodeKind::client)),
      faults_(scenario::expand_faults(plan)) {
  std::set<std::uint16_t> ports;
  for (const scenario::VipSpec& vip : plan.service.vips) ports.insert(port_of(vip));
  ports_.assign(ports.begin(), ports.end());
  for (NodeId id = 0; id < hosts_.size(); ++id) build_host(id);
  for (const std::string& name : plan.measures.captures) build_capture(*topology_.find_node(name));
  // Balancers first: an agent's first SYN should find a listener.
  for (NodeId id = 0; id < hosts_.size(); ++id)
    if (topology_.nodes()[id].kind == NodeKind::balancer) boot(id);
  for (NodeId id = 0; id < hosts_.size(); ++id)
    if (topology_.nodes()[id].kind != NodeKind::balancer && !topology_.nodes()[id].spare) boot(id);
  for (const scenario::FaultEvent& fault : faults_)
    ns3::Simulator::Schedule(delay_until(fault.at), [this, &fault] { carry_out(fault); });
  if (plan.workload.arrivals == "closed") {
    closed_loop_ =
        std::make_unique<scenario::ClosedLoop>(plan, static_cast<std::uint32_t>(clients_.size()));
    for (std::uint32_t slot = 0; slot < closed_loop_->slot_count(); ++slot) start_slot(slot);
  } else {
    schedule_ = scenario::schedule(plan, static_cast<std::uint32_t>(clients_.size()));
    start_next(0);
  }
}

void World::build_host(NodeId id) {
  const NodeKind kind = topology_.nodes()[id].kind;
  if (kind == NodeKind::router) return;
  hosts_[id].tcp = std::make_unique<HostTcp>(network_.node(id));
  if (kind == NodeKind::balancer) build_balancer(id);
  if (witness_of(plan_, topology_) == id) build_witness(id);
  if (kind == NodeKind::backend) build_backend(id);
  if (kind == NodeKind::client)
    hosts_[id].client = std::make_unique<Client>(
        id, topology_.nodes()[id].address, *hosts_[id].tcp, log_, exchange_, segment_size(plan_),
        [this](const scenario::ScheduledFlow& flow) { flow_ended(flow); });
}

void World::build_balancer(NodeId id) {
  const BalancerConfig config = balancer_config(plan_, topology_, id);
  if (options_.plain_routers) {
    std::vector<ns3::Ipv4Address> vips, backends;
    for (const scenario::VipSpec& vip : plan_.service.vips) vips.push_back(to_ns3(vip.address));
    for (const NodeId backend : topology_.of_kind(NodeKind::backend))
      if (!topology_.nodes()[backend].spare)
        backends.push_back(to_ns3(topology_.nodes()[backend].address));
    hosts_[id].plain = ns3::CreateObject<ns3::PoisePlainForwarder>();
    hosts_[id].plain->Configure(to_ns3(config.address), vips, backends, config.encapsulation);
    network_.node(id)->AggregateObject(hosts_[id].plain);
    return;
  }
  const auto balancer = hosts_[id].balancer = ns3::CreateObject<ns3::PoiseBalancer>();
  network_.node(id)->AggregateObject(balancer);
  balancer->Config() = config;
  balancer->PolicyConfig() = policy_config(plan_);
  balancer->SetPolicyMaker(options_.make_policy);
  HostTcp& tcp = *hosts_[id].tcp;
  balancer->SetSocketMaker([&tcp] { return tcp.socket(); });
  const std::string& name = topology_.nodes()[id].name;
  balancer->SetHooks(
      [this, id](const ns3::PoiseBalancer::Carried& carried) {
        log_.carried(now(), id, {carried.source, carried.sourcePort, carried.backend});
      },
      [this, &name](const Notice& notice) { note(name, notice); },
      [this, id](const std::string& backend, bool) {
        if (const auto node = topology_.find_node(backend))
          member_changes_.push_back({now(), id, *node});
      });
  if (plan_.measures.records)
    balancer->SetRecordMaker(
        [this, id, digest = configuration_digest(config, policy_config(plan_))] {
          return make_record(id, RecordedMachine::balancer, digest);
        });
}

void World::build_backend(NodeId id) {
  const AgentConfig config = agent_config(plan_, topology_, id);
  const auto agent = hosts_[id].agent = ns3::CreateObject<ns3::PoiseAgent>();
  network_.node(id)->AggregateObject(agent);
  agent->Config() = config;
  HostTcp& tcp = *hosts_[id].tcp;
  agent->SetSocketMaker([&tcp] { return tcp.socket(); });
  const std::string& name = topology_.nodes()[id].name;
  agent->SetNoticeHook([this, &name](const Notice& notice) { note(name, notice); });
  if (plan_.measures.records)
    agent->SetRecordMaker([this, id, digest = configuration_digest(config)] {
      return make_record(id, RecordedMachine::agent, digest);
    });
  if (plan_.service.server == "failover")
    build_failover(id);
  else
    hosts_[id].server = std::make_unique<Server>(log_, exchange_.upload);
}

void World::build_capture(NodeId id) {
  const std::string name = topology_.nodes()[id].name + ".pcap";
  const std::string path = options_.files_folder + "/" + name;
  Capture& capture = *captures_.emplace_back(std::make_unique<Capture>(path));
  files_.emplace_back(name, path);
  for (const ns3::Ptr<ns3::PoisePort>& port : network_.ports(id))
    port->SetTap([&capture](ns3::Ptr<const ns3::Packet> datagram) {
      capture.write(now(), borrow(*datagram).bytes());
    });
}

std::unique_ptr<RecordWriter> World::make_record(NodeId id, RecordedMachine machine,
                                                 std::uint64_t configuration) {
  std::string name = topology_.nodes()[id].name;
  if (hosts_[id].lives > 1) name += "." + std::to_string(hosts_[id].lives);
  name += ".record";
  const std::string path = options_.files_folder + "/" + name;
  const auto file = std::make_shared<std::ofstream>(path, std::ios::binary);
  if (!*file) throw std::runtime_error("open " + path + " for a record: cannot write there");
  files_.emplace_back(name, path);
  return std::make_unique<RecordWriter>(
      [file](std::span<const std::uint8_t> bytes) {
        file->write(reinterpret_cast<const char*>(bytes.data()),
                    static_cast<std::streamsize>(bytes.size()));
      },
      machine, configuration);
}

void World::start_next(std::size_t index) {
  if (index > 0) start_flow(schedule_[index - 1]);
  if (index < schedule_.size())
    ns3::Simulator::Schedule(delay_until(schedule_[index].start), &World::start_next, this,
                             index + 1);
}

void World::start_slot(std::uint32_t slot) {
  const auto flow = closed_loop_->next(slot, now());
  if (!flow) return;
  ns3::Simulator::Schedule(delay_until(flow->start), [this, flow = *flow] { start_flow(flow); });
}

void World::start_flow(const scenario::ScheduledFlow& flow) {
  if (!std::exchange(readiness_checked_, true)) check_readiness();
  const scenario::VipSpec& vip = plan_.service.vips[flow.vip];
  hosts_[clients_[flow.client]].client->start(flow, {vip.address, port_of(vip)});
}

void World::flow_ended(const scenario::ScheduledFlow& flow) {
  if (closed_loop_) start_slot(flow.flow % closed_loop_->slot_count());
}

// Flows that start before the backends are known everywhere meet balancers with nothing to choose.
void World::check_readiness() {
  std::size_t expected = 0;
  for (const Host& host : hosts_)
    if (host.agent && host.agent->IsUp()) ++expected;
  for (NodeId id = 0; id < hosts_.size(); ++id) {
    if (!hosts_[id].balancer || !hosts_[id].balancer->IsUp()) continue;
    const std::size_t known = hosts_[id].balancer->Machine()->backends().candidates().size();
    if (known < expected)
      note("world", {"early", topology_.nodes()[id].name,
                     "the first flow starts when it knows " + std::to_string(known) + " of " +
                         std::to_string(expected) + " backends: start the workload later"});
  }
}

void World::note(const std::string& machine, const Notice& notice) {
  notices_.push_back({to_ns(now()), machine, notice.kind, notice.subject, notice.detail});
}

// Runs whether or not anyone listens, so that a run is the same with and without progress.
void World::beat() {
  const std::int64_t wall = wall_ns();
  if (wall >= next_poll_wall_ns_) {
    next_poll_wall_ns_ = wall + kPollWallNs;
    if (options_.on_progress) options_.on_progress(to_seconds(now()) / to_seconds(plan_.duration));
    if (options_.cancelled && options_.cancelled()) {
      cancelled_ = true;
      ns3::Simulator::Stop();
    }
  }
  ns3::Simulator::Schedule(to_ns3(std::max(kBeatMin, plan_.duration / kBeatsMax)), &World::beat,
                           this);
}

scenario::RunResult World::run() {
  const std::int64_t started = wall_ns();
  beat();
  ns3::Simulator::Stop(to_ns3(plan_.duration));
  ns3::Simulator::Run();
  if (cancelled_) throw Cancelled();
  if (options_.on_progress) options_.on_progress(1);
  scenario::RunFacts facts = log_.take();
  facts.effective = scenario::effective_instants(plan_, topology_, faults_, member_changes_);
  scenario::RunResult result = scenario::summarize(plan_, topology_, facts);
  collect(result);
  result.events = static_cast<std::int64_t>(ns3::Simulator::GetEventCount());
  result.wall_ns = wall_ns() - started;
  return result;
}

void World::collect(scenario::RunResult& result) {
  const auto add_counts = [&](const std::string& machine,
                              const std::vector<std::uint64_t>& counts) {
    for (std::size_t i = 0; i < counts.size(); ++i)
      if (counts[i] > 0)
        result.counters.push_back({machine, std::string(to_string(static_cast<Count>(i))),
                                   static_cast<std::int64_t>(counts[i])});
  };
  const auto add_digest = [&](const std::string& machine, std::uint64_t digest) {
    result.digests.push_back({machine, "digest", static_cast<std::int64_t>(digest)});
  };
  for (NodeId id = 0; id < hosts_.size(); ++id) {
    Host& host = hosts_[id];
    const std::string& name = topology_.nodes()[id].name;
    if (host.balancer) {
      add_counts(name, host.balancer->GetCounts());
      if (host.balancer->IsUp()) add_digest(name, host.balancer->Machine()->digest());
      host.balancer->Finish();
    }
    if (host.failover && host.failover->is_up())
      add_digest(name, host.failover->machine()->digest());
    if (host.agent) {
      add_counts(name, host.agent->GetCounts());
      if (host.agent->IsUp()) add_digest(name, host.agent->Machine()->digest());
      host.agent->Finish();
    }
  }
  const Network::Losses losses = network_.losses();
  const std::pair<const char*, std::uint64_t> world[] = {
      {"lost_queue_full", losses.queue_full},    {"lost_on_link", losses.link_loss},
      {"lost_no_carrier", losses.no_carrier},    {"lost_no_route", losses.no_route},
      {"lost_too_big", losses.too_big},          {"lost_ttl_expired", losses.ttl_expired},
      {"lost_bad_checksum", losses.bad_checksum}};
  for (const auto& [counter, value] : world)
    result.counters.push_back({"world", counter, static_cast<std::int64_t>(value)});
  result.notices = std::move(notices_);
  result.files = std::move(files_);
}

}  // namespace poise::ns3world
