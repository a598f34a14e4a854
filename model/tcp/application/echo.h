// Says back what it hears, byte for byte, and closes when the peer has.
#pragma once

#include "model/tcp/application/application.h"

namespace poise::tcp {

// What was read and what is said back is one commit: a byte is echoed once, whoever serves.
class Echo final : public Application {
 public:
  void on_ready(Instant now, Stream& stream) override;
};

}  // namespace poise::tcp
