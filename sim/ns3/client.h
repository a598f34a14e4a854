// The clients of a plan: each flow connects, asks, listens, thinks, asks again, and closes.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>

#include <ns3/event-id.h>
#include <ns3/socket.h>

#include "model/address.h"
#include "model/scenario/exchange.h"
#include "model/scenario/flow_log.h"
#include "model/scenario/workload.h"
#include "sim/ns3/host_stack.h"
#include "sim/ns3/sender.h"

namespace poise::ns3world {

// One client host.
class Client {
 public:
  using Ended = std::function<void(const scenario::ScheduledFlow&)>;

  // Keeps references to tcp and log. segment_size: of its TCP, what fits the tunnel.
  Client(scenario::NodeId node, const Address& address, HostTcp& tcp, scenario::FlowLog& log,
         const scenario::Exchange& exchange, std::uint32_t segment_size, Ended ended);
  ~Client();

  // Opens the flow's connection now.
  void start(const scenario::ScheduledFlow& flow, const Endpoint& vip);
  // The host died: its flows stop without a word.
  void crash();

 private:
  class Conversation;
  void finish(std::uint32_t flow);

  scenario::NodeId node_;
  Address address_;
  HostTcp& tcp_;
  scenario::FlowLog& log_;
  scenario::Exchange exchange_;
  std::uint32_t segment_size_;
  Ended ended_;
  std::map<std::uint32_t, std::unique_ptr<Conversation>> conversations_;
};

}  // namespace poise::ns3world
