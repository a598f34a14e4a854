// AF_XDP beside a role's queues: the rings of its shards, and the filter that fills them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "realnet/daemon/log/log.h"
#include "realnet/daemon/settings/settings.h"
#include "realnet/packets/intake.h"
#include "realnet/packets/xdp_filter.h"

namespace poise::realnet {

// With packets.from = "queue" it is nothing, and does nothing. Make it before the shards, so that
// it is gone after them; open() it when they run, and close() it before they stop.
class XdpWay {
 public:
  // A ring for each receive queue of the role's device: the i-th is shard (i modulo their
  // number)'s. Throws SystemError.
  explicit XdpWay(const BalancerSettings& settings);
  explicit XdpWay(const AgentSettings& settings);

  // Once a shard.
  Intake::Rings take_rings(std::uint32_t shard);
  // From now on datagrams go by the rings. Throws SystemError.
  void open(Log& log);
  // They go by the queues again.
  void close() { filter_.reset(); }

 private:
  void make(const std::string& device, const std::vector<XdpTarget>& targets,
            std::uint32_t shard_count);

  std::string device_;
  std::size_t ring_count_ = 0;
  std::vector<Intake::Rings> rings_;
  std::optional<XdpFilter> filter_;
};

}  // namespace poise::realnet
