// Events counted in windows, by their kind.
#include "realnet/daemon/log/folding.h"

#include <algorithm>

namespace poise::realnet {

bool Folding::admits(Instant now, std::string_view kind, int level) {
  if (window_ == Duration::zero()) return true;
  auto found = windows_.find(kind);
  if (found == windows_.end() && windows_.size() >= kKindsMax) {
    // Windows that are over and have nothing to say make room.
    std::erase_if(windows_, [&](const auto& entry) {
      return entry.second.count <= kWritten && now - entry.second.opened >= window_;
    });
    if (windows_.size() >= kKindsMax) found = windows_.try_emplace("others", Window{now}).first;
  }
  if (found == windows_.end()) found = windows_.try_emplace(std::string(kind), Window{now}).first;
  Window& window = found->second;
  if (now - window.opened >= window_ && window.count <= kWritten) window = Window{now};
  if (++window.count <= kWritten) return true;
  window.level = std::max(window.level, level);
  return false;
}

std::optional<Folding::Folded> Folding::next_ended(Instant now) {
  return next(now, false);
}

std::optional<Folding::Folded> Folding::next_of_all(Instant now) {
  return next(now, true);
}

std::optional<Folding::Folded> Folding::next(Instant now, bool all) {
  for (auto& [kind, window] : windows_) {
    if (window.count <= kWritten || (!all && now - window.opened < window_)) continue;
    Folded folded{kind, window.level, window.count - kWritten, now - window.opened};
    windows_.erase(kind);
    return folded;
  }
  return std::nullopt;
}

}  // namespace poise::realnet
