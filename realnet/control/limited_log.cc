// A log that a flood cannot fill.
#include "realnet/control/limited_log.h"

#include <exception>
#include <utility>

namespace poise::realnet {

void LimitedLog::say(std::string_view kind, const std::string& line) noexcept {
  if (!log_) return;
  try {
    Kind& known = kinds_.try_emplace(std::string(kind)).first->second;
    const auto now = std::chrono::steady_clock::now();
    if (now < known.quiet_until) {
      ++known.left_out;
      return;
    }
    const std::uint64_t left_out = std::exchange(known.left_out, 0);
    known.quiet_until = now + interval_;
    log_(left_out == 0 ? line : line + " (and " + std::to_string(left_out) + " like it)");
  } catch (const std::exception&) {
    // A log that fails must not take the streams with it.
  }
}

}  // namespace poise::realnet
