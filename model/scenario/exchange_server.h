// A plan's server as an application of failover TCP: answers the requests of request.h.
#pragma once

#include <cstdint>

#include "model/tcp/application/application.h"

namespace poise::scenario {

// Answers with Content as soon as it has a whole request, one request after the other. All at once:
// a request's `interval_ns` is not kept, because an application has no timers of its own.
class ExchangeServer final : public tcp::Application {
 public:
  // strict: what comes behind the head of a request must be Content; else the connection is reset.
  enum class Reading : std::uint8_t { lenient, strict };
  explicit ExchangeServer(Reading reading = Reading::lenient) : reading_(reading) {}

  void on_ready(Instant now, tcp::Stream& stream) override;

 private:
  bool serve(tcp::Stream& stream, std::uint64_t asked, std::uint64_t answered) const;

  Reading reading_;
};

}  // namespace poise::scenario
