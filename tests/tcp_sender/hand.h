// A sender moved by hand: segments of 1,000 bytes, times and acknowledgments as a test says.
#pragma once

#include <vector>

#include "model/tcp/sender/sender.h"
#include "tests/tcp_sender/path.h"

namespace poise::tcp {

class Hand {
 public:
  static constexpr std::uint32_t kMss = 1000;

  Hand(const SenderConfig& config, bool sack) : sender(config) {
    sender.start(now, 1, 1, kMss, sack, std::chrono::milliseconds{100});
  }

  // So many segments as the window lets go, of which the application has `count`.
  void send(int count) {
    const Position end = sender.max() + count * Position{kMss};
    while (const auto piece = sender.next(now, end, false, kEdge)) sent(*piece);
  }
  std::optional<Sender::Piece> next() const { return sender.next(now, kEdge, false, kEdge); }
  void sent(const Sender::Piece& piece) { sender.on_sent(now, piece); }

  Hand& later(Duration time) {
    now += time;
    return *this;
  }
  void pass(Duration time) {
    now += time;
    if (sender.deadline() <= now) sender.on_timer(now);
  }
  // A tail probe on the way there leaves, too, and is lost.
  void pass_until_timeout() {
    while (sender.counters().timeouts == 0) {
      now = sender.deadline();
      sender.on_timer(now);
      if (sender.counters().timeouts > 0) return;
      if (const auto piece = sender.next(now, sender.max(), false, kEdge)) sent(*piece);
    }
  }

  Hand& acknowledge(Position segments, std::optional<Instant> echoed_at = std::nullopt) {
    Sender::Ack ack;
    ack.position = sender.una() + segments * Position{kMss};
    ack.echoed_at = echoed_at;
    sender.on_ack(now, ack);
    return *this;
  }
  void acknowledge_all() { (void)acknowledge((sender.max() - sender.una()) / kMss); }
  void duplicate() { (void)acknowledge(0); }
  void duplicate_of(Range range) {
    sender.on_ack(now, {.position = sender.una(), .duplicate = range});
  }
  void mark(Position segments) {
    Sender::Ack ack;
    ack.position = sender.una() + segments * Position{kMss};
    ack.ece = true;
    sender.on_ack(now, ack);
  }
  // Segments [first, last) counted from `una` have arrived.
  struct Segments {
    Position first, last;
  };
  void sack(Segments segments) {
    const Range range{sender.una() + segments.first * Position{kMss},
                      sender.una() + segments.last * Position{kMss}};
    sender.on_ack(now, {.position = sender.una(), .sacked = std::span(&range, 1)});
  }

  Instant now = Instant{} + std::chrono::seconds{1};
  Sender sender;

 private:
  static constexpr Position kEdge = Position{1} << 30;
};

}  // namespace poise::tcp
