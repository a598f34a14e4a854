// Holds a peer to its own name: a REGISTER must carry the name that its credentials prove.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "model/balancer/line.h"

namespace poise::realnet {

// Reads along, line by line with the Registrar's own reader, and gives way before the Registrar
// sees the end of a line that it must not see. Only REGISTER names a backend: PAUSE, RESUME and
// DEREGISTER concern the stream's own, whatever name they carry. REPLICA names a pair, and passes:
// whose seats a pair's are says BalancerConfig::pairs; without it, any backend may take a free one.
class RegisterGate {
 public:
  // What may pass of `bytes`: all of them, or what comes before the end of a refused line.
  std::span<const std::uint8_t> admit(std::string_view own_name,
                                      std::span<const std::uint8_t> bytes);
  // The name that was refused; the stream is to be closed.
  const std::optional<std::string>& refused() const { return refused_; }

 private:
  LineBuffer line_;
  std::optional<std::string> refused_;
};

}  // namespace poise::realnet
