// Runs a plan on real packets: refuses what the lab does not carry out, then encloses a world.
#include "realnet/lab/run.h"

#include <fcntl.h>

#include <cstring>
#include <stdexcept>

#include "model/scenario/plan_toml.h"
#include "model/scenario/result_bytes.h"
#include "model/scenario/topology.h"
#include "realnet/lab/enclosure.h"
#include "realnet/lab/world.h"
#include "realnet/system/error.h"

namespace poise::realnet::lab {

namespace {

constexpr std::uint32_t kMtuMin = 576;
constexpr std::uint32_t kMtuMax = 65535;

[[noreturn]] void refuse(const std::string& what) {
  throw std::invalid_argument("the lab cannot run this plan: " + what);
}

void check_failover(const scenario::Plan& plan, const LabOptions& options) {
  if (plan.replication.policy == "input")
    refuse("replication.policy is input; allowed: none, asynchronous, output, ftcp");
  if (options.without_balancers)
    refuse("service.server is failover, whose packets come from balancers, and there are none");
}

void check(const scenario::Plan& plan, const LabOptions& options) {
  scenario::check_plan(plan, "plan");
  if (plan.duration <= Duration::zero()) refuse("duration is not positive");
  if (plan.service.mtu < kMtuMin || plan.service.mtu > kMtuMax)
    refuse("service.mtu is " + std::to_string(plan.service.mtu) + "; allowed: 576 to 65535");
  for (const scenario::VipSpec& vip : plan.service.vips) {
    if (!vip.address.is_v4())
      refuse("the vip " + vip.address.to_string() + " is not IPv4, and its hosts are");
    if (vip.protocol != "tcp") refuse("the vip's protocol is " + vip.protocol + "; allowed: tcp");
  }
  if (plan.service.delivery != "direct") refuse("service.delivery is " + plan.service.delivery);
  if (plan.service.server == "failover") check_failover(plan, options);
  if ((plan.measures.records || !plan.measures.captures.empty()) && options.files_folder.empty())
    refuse("it asks for captures or records, and there is no folder to write them to");
  const scenario::Topology topology(plan.topology);
  for (scenario::NodeId id = 0; id < topology.nodes().size(); ++id)
    if (topology.nodes()[id].kind != scenario::NodeKind::router && topology.neighbours(id).empty())
      refuse("the host " + topology.nodes()[id].name + " has no link");
}

std::string how_it_ended(const Enclosure& enclosure) {
  if (enclosure.signal() == 0) return "it ended with code " + std::to_string(enclosure.exit_code());
  return "killed by signal " + std::to_string(enclosure.signal()) + " (" +
         strsignal(enclosure.signal()) + ")";
}

}  // namespace

scenario::RunResult run(const scenario::Plan& plan, const LabOptions& options) {
  check(plan, options);
  Fd files;
  if (!options.files_folder.empty())
    files.reset(checked(::open(options.files_folder.c_str(), O_DIRECTORY | O_RDONLY | O_CLOEXEC),
                        "open " + options.files_folder));
  Enclosure enclosure([&](Enclosure::Report& report) {
    try {
      World world(plan, options, files);
      report.result(scenario::serialize(
          world.run([&report](double fraction) { report.progress(fraction); })));
    } catch (const std::exception& error) {
      report.error(error.what());
    }
  });
  if (!enclosure.wait(options.on_progress,
                      [&] { return !options.cancelled || !options.cancelled(); }))
    throw scenario::Cancelled();
  std::string error = enclosure.error();
  if (error.empty())
    if (auto result = scenario::deserialize(enclosure.result())) return std::move(*result);
  if (error.empty()) error = how_it_ended(enclosure);
  throw scenario::RunError(plan, enclosure.signal(), error, enclosure.stderr_tail());
}

}  // namespace poise::realnet::lab
