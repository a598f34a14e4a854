// The server of a backend's host on real sockets: reads a request, writes the response.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "model/scenario/flow_log.h"
#include "realnet/lab/traffic/loop.h"
#include "realnet/system/fd.h"

namespace poise::realnet::lab {

class Server {
 public:
  // Keeps references to loop and log. `where`: the host's namespace's path. upload: it tells the
  // log what it receives.
  Server(std::string where, Loop& loop, scenario::FlowLog& log, bool upload);
  ~Server();

  // Listens at the ports, on all addresses that the host has or gets.
  void start(const std::vector<std::uint16_t>& ports);
  // The host died: its connections stop without a word. REQUIRES: nothing leaves it any more.
  void crash();

  // Tells the log what was sent again so far.
  void note_retransmits();
  // The connections that served a flow, as the log names it, with their sockets.
  std::vector<std::pair<std::uint32_t, int>> sockets() const;

 private:
  class Connection;
  void accept(int listener);
  void finish(std::uint64_t connection);

  std::string where_;
  Loop& loop_;
  scenario::FlowLog& log_;
  bool upload_;
  std::vector<Fd> listeners_;
  std::map<std::uint64_t, std::unique_ptr<Connection>> connections_;
  std::uint64_t next_ = 0;
};

}  // namespace poise::realnet::lab
