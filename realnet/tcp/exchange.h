// The server of an experiment's plan (model/scenario/exchange_server.h) on real packets.
#pragma once

#include <optional>

#include "model/scenario/exchange_server.h"
#include "realnet/tcp/progress.h"

namespace poise::realnet {

class Exchange final : public tcp::Application {
 public:
  // Without a pipe nobody is told.
  explicit Exchange(std::optional<ProgressWriter> progress) : progress_(std::move(progress)) {}

  void on_ready(Instant now, tcp::Stream& stream) override;

 private:
  scenario::ExchangeServer server_{scenario::ExchangeServer::Reading::strict};
  std::optional<ProgressWriter> progress_;
};

}  // namespace poise::realnet
