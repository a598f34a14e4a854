// The server of a backend's host: answers requests on the service's ports.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <vector>

#include <ns3/socket.h>

#include "model/scenario/flow_log.h"
#include "sim/ns3/host_stack.h"

namespace poise::ns3world {

class Server {
 public:
  // Keeps a reference to the log. `upload`: the bytes of requests count, not those of responses.
  Server(scenario::FlowLog& log, bool upload);
  ~Server();

  // Listens on each port, of any address of the host.
  void start(HostTcp& tcp, const std::vector<std::uint16_t>& ports);
  // The host died: connections stop without a word.
  void crash();

 private:
  class Connection;
  void accept(ns3::Ptr<ns3::Socket> socket);
  void finish(std::uint64_t connection);

  scenario::FlowLog& log_;
  bool upload_;
  std::vector<ns3::Ptr<ns3::Socket>> listeners_;
  std::map<std::uint64_t, std::unique_ptr<Connection>> connections_;
  std::uint64_t next_ = 0;
};

}  // namespace poise::ns3world
