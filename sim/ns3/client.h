// The clients of a plan: each flow connects, asks, listens, thinks, asks again, and closes.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>

#include <ns3/event-id.h>
#include <ns3/socket.h>

#include "model/address.h"
#include "model/scenario/plan.h"
#include "model/scenario/workload.h"
#include "sim/ns3/flow_log.h"
#include "sim/ns3/host_stack.h"
#include "sim/ns3/request.h"
#include "sim/ns3/sender.h"

namespace poise::ns3world {

// What a plan's workload means on the wire.
struct Exchange {
  bool upload = false;
  std::uint32_t request_bytes = 200;  // download
  std::uint32_t message_bytes = 0;
  std::uint64_t interval_ns = 0;
  std::uint32_t segment_size = 1448;  // of a client's TCP: what fits the tunnel

  Request request(std::uint32_t flow, std::uint64_t size) const;
};

// One client host.
class Client {
 public:
  using Ended = std::function<void(const scenario::ScheduledFlow&)>;

  // Keeps references to tcp and log.
  Client(scenario::NodeId node, const Address& address, HostTcp& tcp, FlowLog& log,
         const Exchange& exchange, Ended ended);
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
  FlowLog& log_;
  Exchange exchange_;
  Ended ended_;
  std::map<std::uint32_t, std::unique_ptr<Conversation>> conversations_;
};

}  // namespace poise::ns3world
