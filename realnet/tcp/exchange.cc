// Answers, and tells how much it was asked.
#include "realnet/tcp/exchange.h"

namespace poise::realnet {

void Exchange::on_ready(Instant now, tcp::Stream& stream) {
  const std::uint64_t before = stream.consumed();
  server_.on_ready(now, stream);
  const FlowKey& key = stream.key();
  if (!progress_ || stream.consumed() == before || !key.source.is_v4()) return;
  progress_->tell({.at_ns = now.time_since_epoch().count(),
                   .received = stream.consumed(),
                   .client = key.source.as_v4(),
                   .port = key.source_port});
}

}  // namespace poise::realnet
