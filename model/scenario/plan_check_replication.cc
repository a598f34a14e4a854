// Rules of failover TCP: who is whose standby, and which times fit together.
#include "model/scenario/plan_check.h"
#include "model/scenario/schema.h"

namespace poise::scenario {

void check_replication(const Plan& plan, Problems& problems) {
  const ReplicationSpec& spec = plan.replication;
  // Set and unused is fine: variants of a plan may differ in the kind of server alone.
  if (plan.service.server != "failover") return;
  std::size_t backends = plan.topology.backends;
  if (plan.topology.shape == Shape::explicit_) {
    backends = 0;
    for (const NodeSpec& node : plan.topology.nodes) backends += node.kind == NodeKind::backend;
  }
  const bool pairs = spec.policy != "none";
  if (pairs && backends % 2 != 0)
    problems.add("topology.backends", "topology has " + std::to_string(backends) +
                                          " backends; allowed with service.server \"failover\": "
                                          "an even number, each active with its standby");
  if (plan.topology.spares > 0)
    problems.add("topology.spares", "topology.spares is " + std::to_string(plan.topology.spares) +
                                        "; allowed with service.server \"failover\": 0");
  const Duration silence = spec.missed_max * spec.heartbeat;
  if (spec.lease <= spec.heartbeat || spec.lease > silence)
    problems.add("replication.lease_s",
                 "replication.lease_s is " + to_toml(spec.lease) +
                     "; allowed: more than heartbeat_s and up to missed_max of them: " +
                     to_toml(spec.heartbeat) + " to " + to_toml(silence));
  if (plan.workload.message_bytes > 0)
    problems.add("workload.message_bytes",
                 "workload.message_bytes is " + std::to_string(plan.workload.message_bytes) +
                     "; allowed with service.server \"failover\": 0 (servers answer at once)");
}

}  // namespace poise::scenario
