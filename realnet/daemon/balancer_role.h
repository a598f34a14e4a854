// The life of a balancer's daemon: a Balancer a queue, their streams, and what is changed on the
// host.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "model/balancer/balancer.h"
#include "realnet/control/listener.h"
#include "realnet/daemon/log/log.h"
#include "realnet/daemon/record_file.h"
#include "realnet/daemon/settings/settings.h"
#include "realnet/host/rules.h"
#include "realnet/packets/shards.h"

namespace poise::realnet {

// Made in the order in which a life begins: queues are bound before rules fill them, and members
// are back before a packet comes. Ends the other way round.
class BalancerRole {
 public:
  using ReadAgain = std::function<BalancerSettings()>;

  // Throws SystemError.
  BalancerRole(const BalancerSettings& settings, ReadAgain read_again);

  // Until it is told to stop; the exit status.
  int run();

 private:
  void add_shards();
  StreamEvents stream_events();
  void carry(const Message& message);
  void fail(const std::string& why);
  void await_signals();
  void stop();

  BalancerSettings settings_;
  ReadAgain read_again_;
  Log log_;
  boost::asio::io_context io_{1};
  boost::asio::signal_set signals_;
  std::vector<std::unique_ptr<RecordFile>> records_;
  Shards<Balancer> shards_;
  std::optional<Listener> listener_;
  std::optional<Rules> rules_;
  int status_ = 0;
};

}  // namespace poise::realnet
