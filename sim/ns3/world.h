// The simulated world of one plan: its network, machines, hosts, workload and faults.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <ns3/ptr.h>

#include "model/scenario/effective.h"
#include "model/scenario/exchange.h"
#include "model/scenario/faults.h"
#include "model/scenario/flow_log.h"
#include "model/scenario/plan.h"
#include "model/scenario/result.h"
#include "model/scenario/topology.h"
#include "model/scenario/workload.h"
#include "sim/ns3/agent_node.h"
#include "sim/ns3/balancer_node.h"
#include "sim/ns3/capture.h"
#include "sim/ns3/client.h"
#include "sim/ns3/failover_node.h"
#include "sim/ns3/host_stack.h"
#include "sim/ns3/network.h"
#include "sim/ns3/plain_forwarder.h"
#include "sim/ns3/run.h"
#include "sim/ns3/server.h"

namespace poise::ns3world {

// What is known of uploads to failover servers, by connection.
struct Upload {
  std::uint32_t flow = 0;
  std::uint64_t counted = 0;  // bytes of it that the log has
};
using UploadBook = std::map<FlowKey, Upload>;

// Lives from before the first event until after the last. One a process.
class World {
 public:
  // Builds everything, at time zero. Keeps references. REQUIRES: check(plan, options) passed.
  World(const scenario::Plan& plan, const RunOptions& options);

  // Runs to the end of the plan; throws Cancelled.
  scenario::RunResult run();

  // What faults do to hosts (model/scenario/carry_out.h).
  using NodeId = scenario::NodeId;
  void boot(NodeId id);
  void crash(NodeId id);
  void order(NodeId id, Command::Kind kind);

 private:
  // What runs on a node; empty where it is not of that kind.
  struct Host {
    std::unique_ptr<HostTcp> tcp;
    std::unique_ptr<Client> client;
    std::unique_ptr<Server> server;
    std::unique_ptr<tcp::Application> application;  // of failover
    std::unique_ptr<FailoverServer> failover;
    std::unique_ptr<WitnessNode> witness;
    ns3::Ptr<ns3::PoiseBalancer> balancer;
    ns3::Ptr<ns3::PoiseAgent> agent;
    ns3::Ptr<ns3::PoisePlainForwarder> plain;
    std::uint32_t lives = 0;
  };

  void build_host(NodeId id);
  void build_balancer(NodeId id);
  void build_backend(NodeId id);
  void build_failover(NodeId id);
  void build_witness(NodeId id);
  void build_client(NodeId id);
  void build_capture(NodeId id);
  std::unique_ptr<RecordWriter> make_record(NodeId id, RecordedMachine machine,
                                            std::uint64_t configuration);

  // Workload.
  void start_next(std::size_t index);
  void start_slot(std::uint32_t slot);
  void start_flow(const scenario::ScheduledFlow& flow);
  void flow_ended(const scenario::ScheduledFlow& flow);
  void check_readiness();

  // Faults.
  void carry_out(const scenario::FaultEvent& fault);

  void beat();
  void note(const std::string& machine, const Notice& notice);
  void collect(scenario::RunResult& result);

  const scenario::Plan& plan_;
  const RunOptions& options_;
  scenario::Topology topology_;
  Network network_;
  scenario::FlowLog log_;
  scenario::Exchange exchange_;
  UploadBook uploads_;
  std::vector<Host> hosts_;  // by NodeId
  std::vector<NodeId> clients_;
  std::vector<std::uint16_t> ports_;  // the service's
  std::vector<scenario::FaultEvent> faults_;
  std::vector<scenario::ScheduledFlow> schedule_;
  std::unique_ptr<scenario::ClosedLoop> closed_loop_;
  std::vector<std::unique_ptr<Capture>> captures_;
  std::vector<std::pair<std::string, std::string>> files_;
  std::vector<scenario::NoticeRow> notices_;
  std::vector<scenario::MemberChange> member_changes_;
  bool readiness_checked_ = false;
  bool cancelled_ = false;
  std::int64_t next_poll_wall_ns_ = 0;
};

}  // namespace poise::ns3world
