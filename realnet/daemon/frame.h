// What all roles have in common: an event loop, a log, signals, an operator, metrics, a host to put
// in order, and an end in good order.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstdint>
#include <functional>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "realnet/control/operator_server.h"
#include "realnet/daemon/host_keeper.h"
#include "realnet/daemon/log/log.h"
#include "realnet/daemon/metrics/server.h"
#include "realnet/daemon/service/signals.h"
#include "realnet/daemon/service/supervisor.h"
#include "realnet/daemon/service/turn_watch.h"
#include "realnet/daemon/settings/settings.h"

namespace poise::realnet {

class Frame {
 public:
  // What a role adds. All are called on the event loop.
  struct Role {
    std::string name;  // "balancer", "agent"
    // An operator's request that the frame does not know.
    std::function<void(const nlohmann::json& request, Reply reply)> answer;
    std::function<Answer()> status;        // added to what the frame says
    std::function<std::string()> reload;   // reads the settings again; the outcome as a sentence
    std::function<void()> drain;           // begins the end; calls finish() when nothing is left
    std::function<std::string()> metrics;  // Prometheus's text
    std::function<std::string()> unready;  // why it serves nobody yet; empty: it does
    std::function<void()> every_second;    // optional
    // How often the loop of each of its threads has turned; optional. None may stand still.
    std::function<std::vector<std::uint64_t>()> turns;
  };

  // `label`: the daemon's own name, which its chain, journal and log carry. From here on a signal
  // waits for run(), which then ends in good order: what was done to the host is put back. Throws
  // SystemError.
  Frame(const std::string& label, const LogSettings& log, const StateSettings& state);

  boost::asio::io_context& io() { return io_; }
  Log& log() { return log_; }
  HostKeeper& host() { return host_; }

  // Serves until the end; the exit status. The host is put back before it returns.
  int run(Role role, const std::string& socket, const MetricsSettings& metrics,
          Duration stop_drain);
  // The end, now.
  void finish(int status = 0);
  // Something broke that cannot go on: logs it, and ends with status 1.
  void fail(const std::string& why);

 private:
  void every_second();
  void mend_host();
  std::string unwell();  // why it is to be restarted; empty: it lives
  void tell_of_threads();
  void answer(const nlohmann::json& request, Reply reply);
  Answer status(bool host_in_order) const;
  std::string stop();
  std::string reload();
  void reload_and_go_on();

  std::string label_;
  boost::asio::io_context io_{1};
  Log log_;
  Signals signals_;
  HostKeeper host_;
  Supervisor supervisor_;
  TurnWatch turn_watch_;
  bool is_unwell_ = false;  // and that was said
  boost::asio::steady_timer deadline_, second_;
  Role role_;
  Duration stop_drain_{};
  Instant started_;
  Instant host_seen_;         // when it was last looked at whether the host is in order
  std::string host_trouble_;  // why it could not be put in order; empty: it is
  bool stopping_ = false;
  int status_ = 0;
};

}  // namespace poise::realnet
