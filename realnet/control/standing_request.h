// Tells another daemon of this host what is true now, over its operator's socket, again and again.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "realnet/control/limited_log.h"

namespace poise::realnet {

// The request is one of the operator's protocol that may be repeated. Of several that come while
// one is under way the last alone is said. The daemon need not be there: it is tried
// again after `retry`, and whoever listens there next is told too. What stays true is said again
// every `repeat`, because a daemon hangs up on an operator that is silent
// (OperatorLimits::idle_max). Everything happens on the thread that runs the io_context.
class StandingRequest {
 public:
  static constexpr std::chrono::milliseconds kRetry{100};
  static constexpr std::chrono::milliseconds kRepeat{20'000};

  // `log`: of refusals, at most a line a second.
  StandingRequest(boost::asio::io_context& io, std::string path,
                  std::function<void(std::string)> log, std::chrono::milliseconds retry = kRetry,
                  std::chrono::milliseconds repeat = kRepeat);
  ~StandingRequest();
  StandingRequest(const StandingRequest&) = delete;
  StandingRequest& operator=(const StandingRequest&) = delete;

  // From now on this holds: a JSON object without a line's end.
  void say(std::string request);
  // Whoever listens now took the newest.
  bool heard() const { return heard_; }
  void when_heard(std::function<void()> then) { then_ = std::move(then); }

 private:
  using Socket = boost::asio::local::stream_protocol::socket;

  void connect();
  void speak();
  void listen();
  void take(const std::string& answer);
  void repeat_later();
  void try_later();

  boost::asio::io_context& io_;
  const std::string path_;
  LimitedLog log_;
  const std::chrono::milliseconds retry_, repeat_;
  Socket socket_;
  boost::asio::steady_timer timer_;
  std::string newest_, said_;
  std::string line_, answers_;  // under way
  bool connected_ = false;
  bool due_ = false;    // to be said again
  bool asked_ = false;  // what was said is not answered yet
  bool heard_ = false;
  std::function<void()> then_;
  std::shared_ptr<void> life_;  // what a handler looks at before it touches this
};

}  // namespace poise::realnet
