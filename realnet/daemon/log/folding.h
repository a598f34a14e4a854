// What keeps a flood of equal events from filling the log: a few are written, the others counted.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "model/time.h"

namespace poise::realnet {

// Counts events by their kind in windows of time; the first event of a kind opens its window. At
// most kKindsMax kinds are told apart; the ones beyond count as one.
class Folding {
 public:
  static constexpr std::uint64_t kWritten = 10;  // of one kind in one window
  static constexpr std::size_t kKindsMax = 256;

  // What was counted in a window that is over.
  struct Folded {
    std::string kind;
    int level = 0;  // the highest of them
    std::uint64_t count = 0;
    Duration during{};
  };

  // A window of zero folds nothing.
  explicit Folding(Duration window) : window_(window) {}

  // True: write it. A level is an order of importance, kept for Folded.
  bool admits(Instant now, std::string_view kind, int level);

  // The next window that ended by `now` with something counted. Call until empty.
  std::optional<Folded> next_ended(Instant now);
  // The same at the end of everything: windows that have not ended, too.
  std::optional<Folded> next_of_all(Instant now);

 private:
  struct Window {
    Instant opened{};
    std::uint64_t count = 0;
    int level = 0;  // of what was not written
  };
  std::optional<Folded> next(Instant now, bool all);

  Duration window_;
  std::map<std::string, Window, std::less<>> windows_;
};

}  // namespace poise::realnet
