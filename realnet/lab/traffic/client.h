// The clients of a plan on real sockets: each flow connects, asks, listens, thinks, asks again.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "model/scenario/exchange.h"
#include "model/scenario/flow_log.h"
#include "model/scenario/workload.h"
#include "realnet/lab/traffic/loop.h"
#include "realnet/lab/traffic/socket.h"

namespace poise::realnet::lab {

// One client host.
class Client {
 public:
  using Ended = std::function<void(const scenario::ScheduledFlow&)>;

  // Keeps references to loop and log. `where`: its namespace's path.
  Client(scenario::NodeId node, const Address& address, std::string where, Loop& loop,
         scenario::FlowLog& log, const scenario::Exchange& exchange, Ended ended);
  ~Client();

  // Opens the flow's connection now.
  void start(const scenario::ScheduledFlow& flow, const Endpoint& vip);
  // The host died: its flows stop without a word. REQUIRES: nothing leaves it any more.
  void crash();

  // The open flows, as the log names them, with their sockets.
  std::vector<std::pair<std::uint32_t, int>> sockets() const;

 private:
  class Conversation;
  void finish(std::uint32_t flow);

  scenario::NodeId node_;
  Address address_;
  std::string where_;
  Loop& loop_;
  scenario::FlowLog& log_;
  scenario::Exchange exchange_;
  Ended ended_;
  std::map<std::uint32_t, std::unique_ptr<Conversation>> conversations_;
};

}  // namespace poise::realnet::lab
