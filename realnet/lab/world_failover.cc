// The real world of one plan: servers that are failover TCP, beside their agents, and the witness.
#include <sys/epoll.h>

#include "model/scenario/failover_config.h"
#include "realnet/lab/log_notices.h"
#include "realnet/lab/node_kernel.h"
#include "realnet/lab/world.h"
#include "realnet/system/error.h"
#include "realnet/system/namespace.h"

namespace poise::realnet::lab {

using scenario::NodeId;
using scenario::NodeKind;

namespace {

const std::string kProgress = "/run/poise/progress";

}  // namespace

// What an agent takes out of a tunnel goes on, to the device of the server.
void World::build_failover(NodeId id) {
  if (topology_.nodes()[id].kind != NodeKind::backend) return;
  const EnterNamespace inside(network_->where(id));
  set_kernel("ipv4/ip_forward", "1");
}

bool World::has_failover(NodeId id) const {
  if (plan_.service.server != "failover") return false;
  return topology_.nodes()[id].kind == NodeKind::backend ||
         scenario::witness_of(plan_, topology_) == id;
}

LifeFolder World::failover_folder_of(NodeId id) const {
  return {"/run/poise/" + topology_.nodes()[id].name + ".tcp." + std::to_string(hosts_[id].lives)};
}

void World::start_failover(NodeId id) {
  const bool is_server = topology_.nodes()[id].kind == NodeKind::backend;
  const std::string role = is_server ? "exchange" : "witness";
  const LifeFolder folder = failover_folder_of(id);
  folder.make();
  if (is_server && exchange_.upload && !progress_) {
    progress_.emplace(kProgress);
    loop_.watch(progress_->descriptor(), EPOLLIN, [this](std::uint32_t) { take_progress(); });
  }
  if (is_server) write_text(folder.secret(), server_secret(plan_, topology_, id) + "\n");
  write_text(folder.settings(), is_server
                                    ? server_settings(plan_, topology_, id,
                                                      {.folder = folder,
                                                       .agent_socket = folder_of(id).socket(),
                                                       .progress = progress_ ? kProgress : "",
                                                       .is_first_life = hosts_[id].lives == 1})
                                    : witness_settings(plan_, topology_, id, folder));
  hosts_[id].failover = launch(id, role, folder);
  failover_lives_.push_back({id, hosts_[id].lives, folder});
}

// The first of each pair serves when the plan begins, and its standby could take over. On a busy
// machine they may have changed places before: back again.
bool World::is_ready(NodeId id, const nlohmann::json& status) {
  const auto seat = scenario::pair_seat(plan_, topology_, id);
  const std::string role = status.value("tcp", "");
  if (!seat) return role == "alone";
  const bool serves = role == "active" && status.value("protected", false);
  if (seat->index == 0) return serves && status.value("agent_told", false);
  if (serves)
    orders_.push_back(std::make_unique<Order>(loop_, failover_folder_of(id).socket(),
                                              R"({"do":"migrate"})", [](const auto&) {}));
  return role == "standby" && status.value("agent_told", false);
}

// A connection that moved is counted on where it was.
void World::take_progress() {
  if (!progress_) return;
  for (const Progress& progress : progress_->read()) {
    const auto found = uploads_.find({progress.client, progress.port});
    if (found == uploads_.end() || progress.received <= found->second.counted) continue;
    log_.received(Instant{Instant{Duration{progress.at_ns}} - loop_.origin()}, found->second.flow,
                  progress.received - found->second.counted);
    found->second.counted = progress.received;
  }
}

void World::tell_failover() {
  take_progress();
  for (const Life& life : failover_lives_) {
    const scenario::TopologyNode& node = topology_.nodes()[life.node];
    const std::string name = node.name + (node.kind == NodeKind::backend ? ".tcp" : ".witness");
    for (const LoggedNotice& logged : notices_in_log(life.folder.log()))
      notices_.push_back({(logged.at - loop_.origin()).count(), name, logged.notice.kind,
                          logged.notice.subject, logged.notice.detail});
  }
}

}  // namespace poise::realnet::lab
