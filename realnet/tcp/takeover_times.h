// When a standby that takes over did each of its steps: for the log, and for who measures a stall.
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "model/time.h"

namespace poise::realnet {

// Counts from the active's last word. One object a host; heard() begins anew.
class TakeoverTimes {
 public:
  // In their order. lost: the stream ended, or nothing: it was silent. asked: the witness, for the
  // epoch. won: it serves. announced: the neighbours were told. spoke: a first segment left.
  // answered: a first one came back.
  enum class Step : std::uint8_t { lost, asked, won, announced, spoke, answered, count_ };

  void heard(Instant at) {
    heard_at_ = at;
    if (begun_) forget();
  }
  // The first of each step; nothing before heard(), and nothing out of its order.
  void note(Step step, Instant at);
  bool awaits(Step step) const { return begun_ && next_ == static_cast<std::size_t>(step); }
  // "lost 0.12 asked 7.31 won 7.52 announced 7.55 spoke 7.61 answered 7.70 ms after its last word"
  std::string text() const;

 private:
  static constexpr std::size_t kCount = static_cast<std::size_t>(Step::count_);

  void forget();

  Instant heard_at_ = kNever;
  std::array<Instant, kCount> at_ = nothing();
  std::size_t next_ = 0;  // the step behind the newest one
  bool begun_ = false;

  static constexpr std::array<Instant, kCount> nothing() {
    std::array<Instant, kCount> none{};
    none.fill(kNever);
    return none;
  }
};

}  // namespace poise::realnet
