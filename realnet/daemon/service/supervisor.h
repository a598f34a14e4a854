// What a service manager (systemd) is told about a daemon, and the watchdog that it keeps.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <optional>
#include <string_view>

#include "model/time.h"

namespace poise::realnet {

// Without a service manager (no NOTIFY_SOCKET) every call does nothing. See sd_notify(3).
class Supervisor {
 public:
  void ready();
  void reloading();  // ready() says that it is over
  void stopping();
  void status(std::string_view text);  // a line for `systemctl status`

  // Sends its sign of life at half the time that the service manager gives (WatchdogSec=), while
  // alive() says so; a daemon whose loop stands still or that is not alive is restarted. Nothing
  // when no watchdog is asked for. REQUIRES: called once; the context outlives `this`, and runs no
  // longer than it lives.
  void watch(boost::asio::io_context& context, std::function<bool()> alive);

 private:
  void wait();

  std::optional<boost::asio::steady_timer> timer_;
  Duration interval_{};
  std::function<bool()> alive_;
};

}  // namespace poise::realnet
