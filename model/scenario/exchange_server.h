// A plan's server as an application of failover TCP: answers the requests of request.h.
#pragma once

#include "model/tcp/application/application.h"

namespace poise::scenario {

// Answers with zeros as soon as it has a whole request, one request after the other. All at once: a
// request's `interval_ns` is not kept, because an application has no timers of its own.
class ExchangeServer final : public tcp::Application {
 public:
  void on_ready(Instant now, tcp::Stream& stream) override;
};

}  // namespace poise::scenario
