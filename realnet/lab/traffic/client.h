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

  // The servers' answers are scenario::Content: requests are too, and each answer is looked at. One
  // that differs is told with its place, and ends its flow as a reset does.
  using Altered = std::function<void(std::uint32_t flow, std::uint64_t offset)>;
  void look_at_content(Altered altered) { altered_ = std::move(altered); }
  // Asked before a flow's end is told to the log: what servers elsewhere received comes first.
  void before_ends(std::function<void()> settle) { settle_ = std::move(settle); }
  // Opens the flow's connection now; the flow as the log names it.
  std::uint32_t start(const scenario::ScheduledFlow& flow, const Endpoint& vip);
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
  Altered altered_;
  std::function<void()> settle_;
  std::map<std::uint32_t, std::unique_ptr<Conversation>> conversations_;
};

}  // namespace poise::realnet::lab
