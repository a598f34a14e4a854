// The life of an agent's daemon: one Agent, its streams to the balancers, and what is changed on
// the host.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "model/balancer/agent.h"
#include "realnet/control/dialer.h"
#include "realnet/daemon/log/log.h"
#include "realnet/daemon/record_file.h"
#include "realnet/daemon/settings/settings.h"
#include "realnet/host/rules.h"
#include "realnet/packets/shards.h"

namespace poise::realnet {

// The VIPs stay on the host as long as the agent wants them (its notices attach and detach): not a
// balancer's death takes them away.
class AgentRole {
 public:
  using ReadAgain = std::function<AgentSettings()>;

  // Throws SystemError.
  AgentRole(const AgentSettings& settings, ReadAgain read_again);

  // Until it is told to stop; the exit status.
  int run();

 private:
  void add_shard();
  StreamEvents stream_events();
  void carry(const Message& message);
  void take_notice(const Notice& notice);
  void fail(const std::string& why);
  void await_signals();
  void install_rules();
  void stop();

  AgentSettings settings_;
  ReadAgain read_again_;
  Log log_;
  boost::asio::io_context io_{1};
  boost::asio::signal_set signals_;
  std::unique_ptr<RecordFile> record_;
  Shards<Agent> shards_;
  std::optional<Dialer> dialer_;
  std::vector<std::unique_ptr<Rules>> rules_;
  int status_ = 0;
};

}  // namespace poise::realnet
