// Signals through Asio's own pipe.
#include "realnet/daemon/service/signals.h"

#include <csignal>
#include <utility>

namespace poise::realnet {

Signals::Signals(boost::asio::io_context& context, Handlers handlers)
    : signals_(context, SIGTERM, SIGINT), handlers_(std::move(handlers)) {
  signals_.add(SIGHUP);
  signals_.add(SIGUSR1);
  std::signal(SIGPIPE, SIG_IGN);
  wait();
}

void Signals::wait() {
  signals_.async_wait([this](const boost::system::error_code& error, int signal) {
    if (error) return;
    wait();
    take(signal);
  });
}

void Signals::take(int signal) {
  switch (signal) {
    case SIGTERM:
    case SIGINT:
      return handlers_.stop(++stops_);
    case SIGHUP:
      return handlers_.reload();
    case SIGUSR1:
      return handlers_.reopen_log();
    default:
      return;
  }
}

}  // namespace poise::realnet
