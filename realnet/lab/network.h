// The nodes and links of a plan's topology as namespaces and veth pairs, what of them works, and
// what the routers believe.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "model/scenario/plan.h"
#include "model/scenario/topology.h"
#include "realnet/lab/commands.h"
#include "realnet/lab/shutter.h"
#include "realnet/lab/traffic/loop.h"
#include "realnet/lab/ways.h"

namespace poise::realnet::lab {

// Each node has one address, on its loopback; links have none: the next hop over any of them is
// 169.254.0.1, whose link address is known beforehand, so that nobody ever asks (ARP) or notices
// that nobody answers. When a part fails, packets into it are lost at once, silently; routers are
// told `routing.detection` later, by this object, which stands for their routing protocol.
class Network {
 public:
  // Builds everything in this process's own /run/netns. Keeps references. Throws SystemError.
  // REQUIRES: an Enclosure around this process.
  Network(const scenario::Plan& plan, const scenario::Topology& topology, Loop& loop);
  ~Network();

  // The path of a node's namespace; its name is the node's.
  std::string where(scenario::NodeId id) const;

  // A node that is absent (crashed, or not there yet) or cut off: nothing passes its links.
  void set_present(scenario::NodeId id, bool present);
  void set_partitioned(scenario::NodeId id, bool partitioned);
  void set_link(scenario::LinkId id, bool up);
  void set_extra_delay(scenario::LinkId id, Duration extra);  // REQUIRES: has_netem()
  void set_loss(scenario::LinkId id, double probability);

  bool has_netem() const { return netem_; }
  // What of the plan this host cannot carry out, in sentences.
  std::vector<std::string> left_out() const;
  // From when the routers should have known something new until the last of them knew it, at most.
  Duration slowest_routing() const { return slowest_routing_; }

 private:
  struct NodeState {
    bool present = true, partitioned = false;
    bool chooses = false;  // a router, or a host with several links
    Ways ways;
  };
  struct LinkState {
    bool up = true;
    double loss = 0;
    Duration extra_delay{};
    std::array<Shutter, 2> shutters;  // at a, at b
  };

  void build(Commands& commands);
  void build_host_routes(Commands& commands, scenario::NodeId id);
  void settle_kernels();
  void shape(Commands& commands, scenario::LinkId id) const;
  scenario::Alive alive() const;
  void apply();
  void apply_shutters(const scenario::Alive& alive);
  void believe();
  Commands learn(const scenario::Alive& alive);
  std::vector<Ways> ways_when(const scenario::Alive& alive) const;
  void add_group(std::vector<Ways>& all, std::uint32_t group,
                 const std::vector<scenario::NodeId>& destinations,
                 const std::vector<Address>& addresses, const scenario::Alive& alive) const;

  const scenario::Plan& plan_;
  const scenario::Topology& topology_;
  Loop& loop_;
  bool netem_ = false;
  std::vector<NodeState> nodes_;
  std::vector<LinkState> links_;
  std::map<int, RunningBatch> learning_;     // by descriptor: one round, all at a time
  std::optional<scenario::Alive> unlearnt_;  // what the next round is about
  Duration slowest_routing_{};
};

}  // namespace poise::realnet::lab
