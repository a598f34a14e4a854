// Holds a peer to its own name.
#include "realnet/control/register_gate.h"

namespace poise::realnet {

std::span<const std::uint8_t> RegisterGate::admit(std::string_view own_name,
                                                  std::span<const std::uint8_t> bytes) {
  std::size_t admitted = 0;
  while (!refused_ && admitted < bytes.size()) {
    const std::size_t taken = line_.take(bytes.subspan(admitted));
    if (const std::optional<std::string> line = line_.line()) {
      const Tokens tokens = split(*line);
      if (tokens[0] == "REGISTER" && tokens[1] != own_name) refused_ = tokens[1];
    }
    if (!refused_) admitted += taken;
  }
  return bytes.first(admitted);
}

}  // namespace poise::realnet
