// The real world of one plan: its network, hosts, workload and faults, in one process and one loop.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "model/balancer/command.h"
#include "model/scenario/effective.h"
#include "model/scenario/exchange.h"
#include "model/scenario/faults.h"
#include "model/scenario/flow_log.h"
#include "model/scenario/plan.h"
#include "model/scenario/result.h"
#include "model/scenario/topology.h"
#include "model/scenario/workload.h"
#include "realnet/lab/capture.h"
#include "realnet/lab/daemon.h"
#include "realnet/lab/daemon_settings.h"
#include "realnet/lab/evidence.h"
#include "realnet/lab/network.h"
#include "realnet/lab/order.h"
#include "realnet/lab/run.h"
#include "realnet/lab/traffic/client.h"
#include "realnet/lab/traffic/loop.h"
#include "realnet/lab/traffic/server.h"
#include "realnet/tcp/progress.h"

namespace poise::realnet::lab {

// All clients and servers live in this process: a socket stays in the namespace that it was opened
// in, so one loop, one clock and one FlowLog see everything. REQUIRES: an Enclosure around it.
class World {
 public:
  // Builds the network. Keeps references. `files`: the folder of LabOptions, open; the path is not
  // seen from in here. Throws SystemError, std::invalid_argument.
  World(const scenario::Plan& plan, const LabOptions& options, const Fd& files);

  // From the plan's time zero to its end.
  scenario::RunResult run(const std::function<void(double fraction)>& on_progress);

  // What faults do to hosts (model/scenario/carry_out.h).
  using NodeId = scenario::NodeId;
  void boot(NodeId id);
  void crash(NodeId id);
  void order(NodeId id, poise::Command::Kind kind);

 private:
  // What runs on a node; empty where it is not of that kind.
  struct Host {
    std::unique_ptr<Client> client;
    std::unique_ptr<Server> server;
    std::unique_ptr<Daemon> daemon;    // a balancer or an agent
    std::unique_ptr<Daemon> failover;  // beside it: a server of failover TCP, or the witness
    bool up = false;
    bool stopped = false;  // its daemon, in good order, after the run
    std::uint32_t lives = 0;
  };
  // One life of a node's daemon.
  struct Life {
    NodeId node = 0;
    std::uint32_t number = 0;  // from 1
    LifeFolder folder;
  };

  void build_host(NodeId id);
  void build_client(NodeId id);
  void boot_all();
  void schedule_all();

  // Workload.
  void start_next(std::size_t index);
  void start_slot(std::uint32_t slot);
  void start_flow(const scenario::ScheduledFlow& flow);
  void flow_ended(const scenario::ScheduledFlow& flow);

  // Faults.
  void carry_out(const scenario::FaultEvent& fault);
  bool has_daemon(NodeId id) const;
  LifeFolder folder_of(NodeId id) const;
  void start_daemon(NodeId id, Instant begin_at);
  std::unique_ptr<Daemon> launch(scenario::NodeId id, const std::string& role,
                                 const LifeFolder& folder);
  void prepare(NodeId id, Instant begin_at);
  void clear_leftovers(NodeId id);
  void await_readiness();
  void note_timeouts();

  // Servers of failover TCP (world_failover.cc).
  void build_failover(NodeId id);
  bool has_failover(NodeId id) const;
  LifeFolder failover_folder_of(NodeId id) const;
  void start_failover(NodeId id);
  bool is_ready(NodeId id, const nlohmann::json& status);
  void take_progress();
  void tell_failover();

  void beat(const std::function<void(double fraction)>& on_progress);
  void stop_daemons();
  // What the daemons' records tell: carries go to the log, all else where it belongs.
  std::vector<scenario::MemberChange> examine(scenario::RunResult& result);
  Evidence evidence_of(const Life& life) const;
  void check_readiness(const Life& life, const Evidence& evidence);
  void collect(scenario::RunResult& result);

  // Files in the caller's folder.
  Fd make_file(const std::string& name);
  void start_captures();
  void finish_captures();
  void keep_records();

  const scenario::Plan& plan_;
  const LabOptions& options_;
  const Fd& files_;
  scenario::Topology topology_;
  Loop loop_;
  std::unique_ptr<Network> network_;
  scenario::FlowLog log_;
  scenario::Exchange exchange_;
  std::vector<Host> hosts_;  // by NodeId
  std::vector<NodeId> clients_;
  std::vector<std::uint16_t> ports_;  // the service's
  std::vector<scenario::FaultEvent> faults_;
  std::vector<scenario::ScheduledFlow> schedule_;
  std::unique_ptr<scenario::ClosedLoop> closed_loop_;
  std::vector<Life> lives_;
  std::vector<Life> failover_lives_;
  // How far clients' uploads to servers of failover TCP are, by address and port.
  struct Upload {
    std::uint32_t flow = 0;
    std::uint64_t counted = 0;  // bytes that the log has
  };
  std::optional<ProgressReader> progress_;
  std::map<std::pair<std::uint32_t, std::uint32_t>, Upload> uploads_;
  std::vector<std::unique_ptr<Order>> orders_;
  std::vector<std::unique_ptr<Capture>> captures_;         // by place in measures.captures
  std::vector<std::pair<std::string, std::string>> kept_;  // files: (name, path)
  std::vector<scenario::NoticeRow> notices_;
  std::vector<Duration> late_;  // by fault: from its planned instant until it was carried out
  Duration latest_start_{};     // of a flow
};

}  // namespace poise::realnet::lab
