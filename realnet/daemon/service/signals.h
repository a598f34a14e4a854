// The signals that a daemon listens to, on its event loop.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <functional>

namespace poise::realnet {

// SIGTERM and SIGINT: stop, with how often that was asked (the second time: do not drain any
// longer). SIGHUP: read the settings again. SIGUSR1: open the log anew. SIGPIPE is
// ignored in the whole process. One at a time, while io_context runs; forgets them when it goes out
// of scope.
class Signals {
 public:
  struct Handlers {
    std::function<void(int times)> stop;
    std::function<void()> reload;
    std::function<void()> reopen_log;
  };

  Signals(boost::asio::io_context& context, Handlers handlers);

 private:
  void wait();
  void take(int signal);

  boost::asio::signal_set signals_;
  Handlers handlers_;
  int stops_ = 0;
};

}  // namespace poise::realnet
