// What a plan's world needs of the network between its hosts, whatever carries the packets.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "model/scenario/topology.h"

namespace poise::realnet::lab {

// Each node has one address, on its loopback; links have none: the next hop over any of them is
// 169.254.0.1, whose link address is known beforehand, so that nobody ever asks (ARP) or notices
// that nobody answers. When a part fails, packets into it are lost at once, silently; the routers
// learn of it `routing.detection` later.
class Network {
 public:
  virtual ~Network() = default;

  // The path of a node's namespace; its name is the node's.
  std::string where(scenario::NodeId id) const;

  // A node that is absent (crashed, or not there yet) or cut off: nothing passes its links.
  virtual void set_present(scenario::NodeId id, bool present) = 0;
  virtual void set_partitioned(scenario::NodeId id, bool partitioned) = 0;
  virtual void set_link(scenario::LinkId id, bool up) = 0;
  virtual void set_extra_delay(scenario::LinkId id, Duration extra) = 0;  // REQUIRES: can_delay()
  virtual void set_loss(scenario::LinkId id, double probability) = 0;

  virtual bool can_delay() const = 0;
  // What of the plan this network cannot carry out, in sentences.
  virtual std::vector<std::string> left_out() const = 0;
  // Ends it, and gives what it counted, by name.
  virtual std::vector<std::pair<std::string, std::int64_t>> finish() = 0;

 protected:
  // Keeps a reference.
  explicit Network(const scenario::Topology& topology) : topology_(topology) {}
  // Its namespace, and a kernel that does nothing on its own. Throws SystemError.
  void make_node(scenario::NodeId id);

  const scenario::Topology& topology_;
};

}  // namespace poise::realnet::lab
