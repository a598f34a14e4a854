// A plan's hosts as namespaces, and between them a network that another process carries.
#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include <sys/types.h>

#include "model/scenario/plan.h"
#include "realnet/lab/fabric.h"
#include "realnet/lab/network.h"

namespace poise::realnet::lab {

//   host's kernel --> TAP device ==descriptor==> carrier: links, queues, routers ==> TAP --> ...
//
// Routers have no namespace: they are the carrier's. That process ends with this object, with its
// parent, and with the enclosure, whichever is first.
class TapNetwork : public Network {
 public:
  // Builds the hosts, starts the carrier, and returns when it carries packets. Throws SystemError,
  // std::invalid_argument (a host with several links). REQUIRES: an Enclosure around this process.
  TapNetwork(const scenario::Plan& plan, const scenario::Topology& topology,
             const std::function<void(Fabric&)>& carrier);
  ~TapNetwork() override;

  void set_present(scenario::NodeId id, bool present) override;
  void set_partitioned(scenario::NodeId id, bool partitioned) override;
  void set_link(scenario::LinkId id, bool up) override;
  void set_extra_delay(scenario::LinkId id, Duration extra) override;
  void set_loss(scenario::LinkId id, double probability) override;
  bool can_delay() const override { return true; }
  std::vector<std::string> left_out() const override { return {}; }
  std::vector<std::pair<std::string, std::int64_t>> finish() override;

 private:
  std::vector<Attachment> build(const scenario::Plan& plan);
  void start(std::vector<Attachment> attachments, const std::function<void(Fabric&)>& carrier);
  void order(const FabricOrder& order);
  // False: the carrier has ended.
  bool hear(FabricFigure& figure);

  Fd orders_;
  pid_t carrier_ = -1;
};

}  // namespace poise::realnet::lab
