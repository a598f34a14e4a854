// The life of a balancer's daemon: a Balancer a queue, their streams, and what is changed on the
// host.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "model/balancer/balancer.h"
#include "realnet/control/listener.h"
#include "realnet/daemon/balancer_memory.h"
#include "realnet/daemon/frame.h"
#include "realnet/daemon/record_file.h"
#include "realnet/daemon/settings/settings.h"
#include "realnet/daemon/xdp_way.h"
#include "realnet/packets/shards.h"

namespace poise::realnet {

// Made in the order in which a life begins: the members and flows of the last life are back and the
// queues are bound before rules fill them. Ends the other way round.
class BalancerRole {
 public:
  using ReadAgain = std::function<BalancerSettings()>;

  // Throws SystemError.
  BalancerRole(const BalancerSettings& settings, ReadAgain read_again);

  // Until it is told to stop; the exit status.
  int run();

 private:
  void remember();
  void add_shards();
  std::unique_ptr<RecordWriter> open_record(std::size_t shard);
  void restore();
  StreamEvents stream_events();
  Frame::Role role();
  void carry(const Message& message);
  void settled(Instant now, const Balancer& first);
  void answer(const nlohmann::json& request, const Reply& reply);
  Answer status();
  std::string metrics();
  std::string unready();
  std::string reload();
  void drain();

  BalancerSettings settings_;
  ReadAgain read_again_;
  Frame frame_;
  std::optional<BalancerMemory> memory_;
  std::optional<std::uint64_t> written_version_;  // of the members in memory_
  std::vector<std::unique_ptr<RecordFile>> records_;
  XdpWay xdp_;
  Shards<Balancer> shards_;
  std::optional<Listener> listener_;
  bool draining_ = false;
};

}  // namespace poise::realnet
