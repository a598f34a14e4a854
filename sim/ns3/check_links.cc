// Looks at rates, delays, queues and losses.
#include "sim/ns3/check_links.h"

#include <cmath>
#include <stdexcept>
#include <string>

namespace poise::ns3world {

namespace {

[[noreturn]] void refuse(const std::string& what) {
  throw std::invalid_argument("ns-3 cannot run this plan: " + what);
}

void check_link(const std::string& name, const scenario::LinkSpec& link) {
  if (!std::isfinite(link.rate_bps) || link.rate_bps < 1 || link.rate_bps > 1e15)
    refuse("the rate of " + name + " is " + std::to_string(link.rate_bps) +
           " bit/s; allowed: 1 to 1e15");
  if (link.delay < Duration::zero()) refuse("the delay of " + name + " is negative");
  if (link.queue_packets < 1) refuse("the queue of " + name + " holds no packet");
  if (!(link.loss >= 0 && link.loss <= 1))
    refuse("the loss of " + name + " is " + std::to_string(link.loss) + "; allowed: 0 to 1");
}

}  // namespace

void check_links(const scenario::Topology& topology) {
  for (const scenario::TopologyLink& link : topology.links()) check_link(link.name, link.spec);
}

}  // namespace poise::ns3world
