// The nodes and links of a plan's topology as namespaces and veth pairs, what of them works, and
// what the routers believe.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "model/scenario/plan.h"
#include "model/scenario/topology.h"
#include "realnet/lab/commands.h"
#include "realnet/lab/network.h"
#include "realnet/lab/shutter.h"
#include "realnet/lab/traffic/loop.h"
#include "realnet/lab/ways.h"

namespace poise::realnet::lab {

// The routers' beliefs change by this object, which stands for their routing protocol.
class VethNetwork : public Network {
 public:
  // Builds everything in this process's own /run/netns. Keeps references. Throws SystemError.
  // REQUIRES: an Enclosure around this process.
  VethNetwork(const scenario::Plan& plan, const scenario::Topology& topology, Loop& loop);
  ~VethNetwork() override;

  void set_present(scenario::NodeId id, bool present) override;
  void set_partitioned(scenario::NodeId id, bool partitioned) override;
  void set_link(scenario::LinkId id, bool up) override;
  void set_extra_delay(scenario::LinkId id, Duration extra) override;
  void set_loss(scenario::LinkId id, double probability) override;
  bool can_delay() const override { return netem_; }
  std::vector<std::string> left_out() const override;
  // From when the routers should have known something new until the last of them knew it, at most.
  std::vector<std::pair<std::string, std::int64_t>> finish() override;

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
  void let_choose(scenario::NodeId id) const;
  void shape(Commands& commands, scenario::LinkId id) const;
  scenario::Alive alive() const;
  void apply();
  void mount_shutters();
  void apply_shutters(const scenario::Alive& alive);
  void believe();
  Commands learn(const scenario::Alive& alive);
  std::vector<Ways> ways_when(const scenario::Alive& alive) const;
  void add_group(std::vector<Ways>& all, std::uint32_t group,
                 const std::vector<scenario::NodeId>& destinations,
                 const std::vector<Address>& addresses, const scenario::Alive& alive) const;

  const scenario::Plan& plan_;
  Loop& loop_;
  bool netem_ = false;
  std::vector<NodeState> nodes_;
  std::vector<LinkState> links_;
  std::map<int, RunningBatch> learning_;     // by descriptor: one round, all at a time
  std::optional<scenario::Alive> unlearnt_;  // what the next round is about
  Duration slowest_routing_{};
};

}  // namespace poise::realnet::lab
