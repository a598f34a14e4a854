// The real world of one plan: its daemons, and what their records tell.
#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <functional>
#include <map>

#include "model/balancer/counters.h"
#include "model/scenario/failover_config.h"
#include "model/scenario/machine_config.h"
#include "realnet/host/host_setup.h"
#include "realnet/lab/world.h"
#include "realnet/system/clock.h"
#include "realnet/system/error.h"
#include "realnet/system/namespace.h"
#include "realnet/system/process.h"

namespace poise::realnet::lab {

using nlohmann::json;
using scenario::NodeId;
using scenario::NodeKind;

namespace {

constexpr Duration kAskAgain = std::chrono::milliseconds{20};
constexpr Duration kBootMax = std::chrono::seconds{15};  // then the run begins as it is
constexpr Duration kPatience = std::chrono::seconds{5};  // with a daemon that was told to stop

// A daemon whose status says when the plan may begin.
struct Awaited {
  std::string name, socket;
  std::function<bool(const json& status)> is_ready;
  bool ready = false;
  std::unique_ptr<Order> asked = {};
};

}  // namespace

bool World::has_daemon(NodeId id) const {
  const NodeKind kind = topology_.nodes()[id].kind;
  return !options_.without_balancers && (kind == NodeKind::balancer || kind == NodeKind::backend);
}

LifeFolder World::folder_of(NodeId id) const {
  return {"/run/poise/" + topology_.nodes()[id].name + "." + std::to_string(hosts_[id].lives)};
}

void World::start_daemon(NodeId id, Instant begin_at) {
  const bool is_balancer = topology_.nodes()[id].kind == NodeKind::balancer;
  const std::string role = is_balancer ? "balancer" : "agent";
  ++hosts_[id].lives;
  const LifeFolder folder = folder_of(id);
  folder.make();
  write_text(folder.settings(), is_balancer
                                    ? balancer_settings(plan_, topology_, id, folder)
                                    : agent_settings(plan_, topology_, id, folder,
                                                     loop_.origin() + begin_at.time_since_epoch()));
  hosts_[id].daemon = launch(id, role, folder);
  lives_.push_back({id, hosts_[id].lives, folder});
}

// The settings are in the folder. An end that nobody ordered ends the run.
std::unique_ptr<Daemon> World::launch(NodeId id, const std::string& role,
                                      const LifeFolder& folder) {
  auto launched = std::make_unique<Daemon>(
      std::vector<std::string>{options_.daemon, role, "--config", folder.settings()},
      network_->where(id), folder.log());
  Daemon& daemon = *launched;
  loop_.watch(daemon.descriptor(), EPOLLIN, [this, id, role, &daemon](std::uint32_t) {
    throw SystemError("run poised " + role + " on " + topology_.nodes()[id].name,
                      "it " + daemon.how_it_ended());
  });
  return launched;
}

// What the last life left on the host would not have survived its death: rules, VIPs, and what its
// kernel still had to say to its peers.
void World::clear_leftovers(NodeId id) {
  const std::string& name = topology_.nodes()[id].name;
  const EnterNamespace inside(network_->where(id));
  HostSetup::undo_leftovers(folder_of(id).path, name);
  if (has_failover(id)) HostSetup::undo_leftovers(failover_folder_of(id).path, name);
  run_checked({{"ss", "--no-header", "--kill", "--all", "--tcp"}});
}

void World::order(NodeId id, poise::Command::Kind kind) {
  const std::string& name = topology_.nodes()[id].name;
  const std::string word(to_string(kind));
  const auto complain = [this, &name, word](const std::string& why) {
    notices_.push_back({to_ns(loop_.now()), "world", "order_refused", name, word + ": " + why});
  };
  if (!hosts_[id].daemon) return complain("its host is down");
  // The machine's own word `pause` means: no packets from now on.
  const std::string now = kind == poise::Command::Kind::pause ? ",\"now\":true" : "";
  orders_.push_back(std::make_unique<Order>(loop_, folder_of(id).socket(),
                                            "{\"do\":\"" + word + "\"" + now + "}",
                                            [complain](const json& answer) {
                                              if (!answer.value("ok", false))
                                                complain(answer.value("error", "no reason"));
                                            }));
}

// A simulated host is up at once; these take their time, which is none of the plan's.
void World::await_readiness() {
  const std::size_t balancer_count = topology_.of_kind(NodeKind::balancer).size();
  std::vector<Awaited> awaited;
  for (const NodeId id : topology_.of_kind(NodeKind::backend)) {
    const std::string& name = topology_.nodes()[id].name;
    if (hosts_[id].daemon)
      awaited.push_back({name, folder_of(id).socket(), [balancer_count](const json& status) {
                           return status.value("balancers_registered_at", std::size_t{0}) ==
                                  balancer_count;
                         }});
    if (hosts_[id].failover)
      awaited.push_back({name + ".tcp", failover_folder_of(id).socket(),
                         [this, id](const json& status) { return is_ready(id, status); }});
  }
  if (awaited.empty()) return;
  const std::function<void(Awaited&)> ask = [&](Awaited& one) {
    one.asked =
        std::make_unique<Order>(loop_, one.socket, R"({"do":"status"})", [&](const json& answer) {
          one.ready = one.is_ready(answer.value("result", json::object()));
          // Who was ready may not stay so, as a pair may change places: all must be at once.
          if (std::ranges::all_of(awaited, &Awaited::ready)) return loop_.stop();
          loop_.at(loop_.now() + kAskAgain, [&] { ask(one); });
        });
  };
  for (Awaited& one : awaited) ask(one);
  loop_.run_until(loop_.now() + kBootMax);
  for (const Awaited& one : awaited)
    if (!one.ready) notices_.push_back({0, "world", "early", one.name, "it was not ready in time"});
  loop_.cancel_all();
}

void World::stop_daemons() {
  for (Host& host : hosts_) {
    if (host.failover) {
      loop_.forget(host.failover->descriptor());
      host.failover.reset();
    }
    if (!host.daemon) continue;
    loop_.forget(host.daemon->descriptor());
    host.daemon->ask_to_stop();
  }
  const Instant patience = realnet::now() + kPatience;
  for (NodeId id = 0; id < hosts_.size(); ++id) {
    Host& host = hosts_[id];
    const std::string& name = topology_.nodes()[id].name;
    if (!host.daemon) continue;
    host.stopped = host.daemon->wait_until(patience);
    if (!host.stopped)
      notices_.push_back(
          {to_ns(loop_.now()), name, "killed", "daemon", "it did not stop when it was told to"});
    else if (!host.daemon->ended_well())
      throw SystemError("stop poised on " + name, "it " + host.daemon->how_it_ended());
  }
}

Evidence World::evidence_of(const Life& life) const {
  const RunSpan span{loop_.origin(), log_.first_start(), Instant{plan_.duration}};
  if (topology_.nodes()[life.node].kind == NodeKind::balancer)
    return examine_balancer(life.folder.record(),
                            scenario::balancer_config(plan_, topology_, life.node),
                            scenario::policy_config(plan_), span);
  return examine_agent(life.folder.record(), scenario::agent_config(plan_, topology_, life.node),
                       span);
}

// Flows that start before the backends are known everywhere meet balancers with nothing to choose.
void World::check_readiness(const Life& life, const Evidence& evidence) {
  std::size_t expected = topology_.of_kind(NodeKind::backend).size() - plan_.topology.spares;
  if (scenario::pair_seat(plan_, topology_, topology_.of_kind(NodeKind::backend).front()))
    expected /= kPairSize;
  if (life.number > 1 || !evidence.known_at_start || *evidence.known_at_start >= expected) return;
  notices_.push_back(
      {to_ns(log_.first_start()), "world", "early", topology_.nodes()[life.node].name,
       "the first flow starts when it knows " + std::to_string(*evidence.known_at_start) + " of " +
           std::to_string(expected) + " backends: start the workload later"});
}

std::vector<scenario::MemberChange> World::examine(scenario::RunResult& result) {
  struct Carried {
    Evidence::Carried what;
    NodeId balancer;
  };
  std::vector<Carried> carried;
  std::vector<scenario::MemberChange> changes;
  std::map<NodeId, std::vector<std::uint64_t>> counts;  // of all lives
  for (const Life& life : lives_) {
    const std::string& name = topology_.nodes()[life.node].name;
    const Evidence evidence = evidence_of(life);
    for (const Evidence::Said& said : evidence.said)
      notices_.push_back(
          {to_ns(said.at), name, said.notice.kind, said.notice.subject, said.notice.detail});
    for (const Evidence::Carried& what : evidence.carried) carried.push_back({what, life.node});
    for (const Evidence::Changed& changed : evidence.changed)
      if (const auto backend = topology_.find_node(changed.backend))
        changes.push_back({changed.at, life.node, *backend});
    std::vector<std::uint64_t>& sum = counts[life.node];
    sum.resize(kCountNumber);
    for (std::size_t i = 0; i < kCountNumber; ++i) sum[i] += evidence.counts[i];
    const bool is_last = life.number == hosts_[life.node].lives;
    if (is_last && hosts_[life.node].stopped && !evidence.ended)
      throw SystemError("replay " + life.folder.record(),
                        "it is cut, and its daemon ended in good order");
    if (hosts_[life.node].up && is_last)
      result.digests.push_back({name, "digest", static_cast<std::int64_t>(evidence.digest)});
    check_readiness(life, evidence);
    result.events += static_cast<std::int64_t>(evidence.events);
  }
  const auto by_time = [](const Carried& a, const Carried& b) { return a.what.at < b.what.at; };
  std::stable_sort(carried.begin(), carried.end(), by_time);
  for (const Carried& packet : carried)
    log_.carried(packet.what.at, packet.balancer, packet.what.packet);
  for (const auto& [node, sum] : counts)
    for (std::size_t i = 0; i < kCountNumber; ++i)
      if (sum[i] > 0)
        result.counters.push_back({topology_.nodes()[node].name,
                                   std::string(to_string(static_cast<Count>(i))),
                                   static_cast<std::int64_t>(sum[i])});
  std::stable_sort(changes.begin(), changes.end(),
                   [](const auto& a, const auto& b) { return a.at < b.at; });
  return changes;
}

}  // namespace poise::realnet::lab
