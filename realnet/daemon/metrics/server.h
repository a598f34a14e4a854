// GET /metrics, /healthz and /readyz over HTTP, on the daemon's event loop, with bounds.
#pragma once

#include <boost/asio/io_context.hpp>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>

#include "model/address.h"
#include "model/time.h"

namespace poise::realnet {

// What is served; called on the event loop.
struct MetricsSource {
  std::function<std::string()> metrics;  // Exposition::text()
  std::function<std::string()> unwell;   // empty: /healthz says ok; else 503 and the text
  std::function<std::string()> unready;  // the same for /readyz
};

struct MetricsLimits {
  std::size_t connection_count_max = 16;               // one more is closed at once
  Duration request_timeout = std::chrono::seconds{5};  // for a whole request, or idle between two
};

class MetricsServer {
 public:
  // Listens; throws SystemError. REQUIRES: the source lives as long as the context runs.
  MetricsServer(boost::asio::io_context& context, const Endpoint& listen, MetricsSource source,
                MetricsLimits limits = {});
  ~MetricsServer();  // closes everything

  Endpoint listens_at() const;  // with the port that the kernel chose, if 0 was asked for

 private:
  class Acceptor;
  std::shared_ptr<Acceptor> acceptor_;
};

}  // namespace poise::realnet
