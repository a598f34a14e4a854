// RACK: what was sent before something that arrived, and long enough ago, is lost (RFC 8985, 6).
#pragma once

#include <algorithm>
#include <cstdint>

#include "model/hash.h"
#include "model/tcp/sender/scoreboard.h"
#include "model/time.h"

namespace poise::tcp {

class Rack {
 public:
  // A transmission arrived. `ambiguous`: it may have been an earlier one of the same bytes
  // (step 2).
  void on_arrival(Instant now, const Transmission& entry, bool ambiguous) {
    if (entry.end() < highest_ && !entry.repeated) reordering_seen_ = true;  // step 3
    highest_ = std::max(highest_, entry.end());
    if (ambiguous || entry.serial <= serial_) return;
    serial_ = entry.serial;
    rtt_ = now - entry.sent_at;
  }
  // A D-SACK: something was sent again in vain. Once a round trip the window grows (step 4).
  void on_duplicate(Position una, Position max) {
    if (una < round_) return;
    round_ = max;
    reordering_seen_ = true;
    multiplier_ = std::min(multiplier_ + 1, kMultiplierMax);
    persist_ = kPersist;
  }
  void on_recovery_done() {
    if (persist_ > 0 && --persist_ == 0) multiplier_ = 1;
  }

  struct Path {
    Duration rtt_min, srtt;
    bool impatient;  // in recovery, or three segments' bytes are SACKed
  };
  Duration reordering_window(const Path& path) const {
    if (!reordering_seen_ && path.impatient) return Duration{};
    return std::min(multiplier_ * (path.rtt_min / 4), path.srtt);
  }
  // Declares losses; answers when the next one would be due, or kNever (step 5).
  Instant detect(Instant now, Duration window, Scoreboard& board) const {
    while (board.oldest() != Scoreboard::kNone) {
      const Transmission& entry = board[board.oldest()];
      if (entry.serial >= serial_) return kNever;
      if (entry.sent_at + rtt_ + window > now) return entry.sent_at + rtt_ + window;
      board.lose(board.oldest());
    }
    return kNever;
  }
  // A timeout blames what was sent a round trip ago, not what left just now (6.3).
  void detect_on_timeout(Instant now, Duration window, Scoreboard& board) const {
    while (board.oldest() != Scoreboard::kNone &&
           board[board.oldest()].sent_at + rtt_ + window <= now)
      board.lose(board.oldest());
  }

  void add_to(Digest& digest) const {
    digest.add(serial_).add(rtt_.count()).add(highest_).add(round_).add(reordering_seen_);
    digest.add(multiplier_).add(persist_);
  }

 private:
  static constexpr std::uint32_t kMultiplierMax = 64, kPersist = 16;

  std::uint64_t serial_ = 0;  // the newest transmission that arrived
  Duration rtt_{};            // and its time
  Position highest_ = 0;      // end of all that ever arrived (RFC 8985's RACK.fack)
  Position round_ = 0;
  bool reordering_seen_ = false;
  std::uint32_t multiplier_ = 1, persist_ = 0;
};

}  // namespace poise::tcp
