// Runs a plan in this process: what ns-3 must not see is refused, then the world is built and run.
#include "sim/ns3/run.h"

#include <atomic>
#include <cmath>
#include <stdexcept>
#include <string>

#include <ns3/rng-seed-manager.h>
#include <ns3/simulator.h>

#include "model/scenario/plan_toml.h"
#include "sim/ns3/check_links.h"
#include "sim/ns3/host_stack.h"
#include "sim/ns3/world.h"

namespace poise::ns3world {

namespace {

constexpr std::uint32_t kMtuMin = 576;
constexpr std::uint32_t kMtuMax = 65535;

[[noreturn]] void refuse(const std::string& what) {
  throw std::invalid_argument("ns-3 cannot run this plan: " + what);
}

// ns-3 aborts, or goes on with nonsense, on what it does not expect (it is built without
// assertions): everything it gets was seen here or by check_plan.
void check(const scenario::Plan& plan, const RunOptions& options) {
  const std::string custom[] = {plan.policy.kind};
  scenario::check_plan(
      plan, "plan",
      options.make_policy ? scenario::CustomPolicies(custom) : scenario::CustomPolicies());
  if (plan.duration <= Duration::zero()) refuse("duration is not positive");
  if (plan.service.mtu < kMtuMin || plan.service.mtu > kMtuMax)
    refuse("service.mtu is " + std::to_string(plan.service.mtu) + "; allowed: 576 to 65535");
  for (const scenario::VipSpec& vip : plan.service.vips) {
    if (!vip.address.is_v4())
      refuse("the vip " + vip.address.to_string() + " is not IPv4, which alone this world carries");
    if (vip.protocol != "tcp") refuse("the vip's protocol is " + vip.protocol + "; allowed: tcp");
  }
  if (plan.service.delivery != "direct") refuse("service.delivery is " + plan.service.delivery);
  const scenario::Topology topology(plan.topology);
  check_links(topology);
  for (const scenario::TopologyNode& node : topology.nodes())
    if (node.kind != scenario::NodeKind::router &&
        topology.neighbours(static_cast<scenario::NodeId>(&node - topology.nodes().data())).empty())
      refuse("the host " + node.name + " has no link");
  for (const scenario::FaultSpec& fault : plan.faults)
    if (!std::isfinite(fault.value) || fault.value < 0)
      refuse("a fault's value is not a number >= 0");
  if ((plan.measures.records || !plan.measures.captures.empty()) && options.files_folder.empty())
    refuse("it asks for captures or records, and there is no folder to write them to");
}

}  // namespace

std::string ns3_version() {
  return "3.37";
}

scenario::RunResult run(const scenario::Plan& plan, const RunOptions& options) {
  check(plan, options);
  static std::atomic<bool> used = false;
  if (used.exchange(true))
    throw std::logic_error(
        "one ns-3 run a process: its state is global and parts of it survive; use run_forked");
  // Poise's own streams come from (seed, run) by themselves; ns-3's are told.
  ns3::RngSeedManager::SetSeed(static_cast<std::uint32_t>(plan.seed % 4'294'944'442u + 1));
  ns3::RngSeedManager::SetRun(plan.run);
  set_linux_profile(plan.service.mtu);
  World world(plan, options);
  scenario::RunResult result = world.run();
  ns3::Simulator::Destroy();
  return result;
}

}  // namespace poise::ns3world
