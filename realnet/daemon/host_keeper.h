// What a role changes on its host, while the event loop goes on: its commands take longer than a
// heartbeat may.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/thread_pool.hpp>
#include <functional>
#include <string>

#include "realnet/host/host_setup.h"

namespace poise::realnet {

// A HostSetup and the one thread that works on it, in the network namespace of who makes it. Made,
// called and answered on the event loop.
class HostKeeper {
 public:
  // Of an order that was carried out, or why not: then everything is put back.
  using Done = std::function<void(const std::string& why_not)>;

  // Throws SystemError. `log` is called in both threads.
  HostKeeper(boost::asio::io_context& io, const std::string& folder, const std::string& name,
             HostSetup::Log log);
  ~HostKeeper();

  // Waits for it, which is good before the loop turns. Throws SystemError.
  void apply(const HostPlan& plan) { setup_.apply(plan); }
  // One after the other.
  void apply_soon(HostPlan plan, Done done);
  void look(std::function<void(bool is_in_place)> tell);
  // Makes again what somebody else took away of what was applied; why not, if it cannot be.
  void mend_soon(std::function<void(bool mended, const std::string& why_not)> tell);
  // Waits for what is under way, then puts everything back. Throws SystemError. Nothing is carried
  // out after it.
  void undo();

 private:
  boost::asio::io_context& io_;
  HostSetup setup_;
  boost::asio::thread_pool worker_{1};
};

}  // namespace poise::realnet
