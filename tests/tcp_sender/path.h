// A sender and a receiver at the two ends of one simulated path: a bottleneck with a bounded queue,
// fixed delays, seeded losses.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "model/random.h"
#include "model/tcp/buffer/range_set.h"
#include "model/tcp/sender/sender.h"

namespace poise::tcp {

struct PathPlan {
  SenderConfig sender;
  bool sack = true, timestamps = true;
  std::uint32_t mss = 1448;
  std::uint64_t bytes = 1'000'000;
  std::uint64_t window = 4 << 20;                  // the receiver's
  double rate = 12.5e6;                            // of the bottleneck, bytes a second
  std::uint64_t queue = 256 << 10;                 // before it, bytes; more is dropped
  Duration delay = std::chrono::milliseconds{10};  // one way
  double loss = 0, loss_back = 0;                  // chance of a segment, of an acknowledgment
  double late = 0;                                 // chance of being late by up to late_max
  Duration late_max = std::chrono::milliseconds{5};
  std::uint32_t acknowledge_every = 2;
  std::uint64_t seed = 1;
  std::uint64_t taken_over = 0;  // bytes of the beginning that a predecessor sent: all were lost
  Duration time_max = std::chrono::hours{3};
  // Beside chance: true drops the n-th transmission (counted from 0).
  std::function<bool(std::uint64_t count, Range range)> drops;
  // Sees each transmission that was allowed to leave, before it leaves.
  std::function<void(Instant now, const Sender&, const Sender::Piece&)> on_piece;
  std::function<void(Instant now, const Sender&)> on_ack;  // after each acknowledgment
};

class Path {
 public:
  explicit Path(const PathPlan& plan);

  void run();  // until all is acknowledged, or time_max
  bool done() const { return sender_.una() == end() + 1; }
  Instant now() const { return now_; }
  Sender& sender() { return sender_; }
  std::uint64_t sent() const { return sent_; }                 // transmissions
  std::uint64_t received() const { return received_; }         // in order, bytes
  double goodput() const;                                      // bytes a second
  std::vector<std::string> broken() const { return broken_; }  // laws of sending
  std::string story() const;

  Position end() const { return static_cast<Position>(plan_.bytes) + 1; }

 private:
  struct Datagram {
    Range range;
    Instant sent_at;
  };
  void send_all();
  void send(const Sender::Piece& piece);
  void check(const Sender::Piece& piece);
  void check_pipe(const Sender::Piece& piece);
  void arrive(const Datagram& datagram);
  void acknowledge(std::optional<Range> duplicate);
  void at(Instant when, std::function<void()> what) { events_.emplace(when, std::move(what)); }

  PathPlan plan_;
  Sender sender_;
  Rng rng_;
  Instant now_{};
  std::multimap<Instant, std::function<void()>> events_;
  Instant free_at_{};  // of the bottleneck
  std::uint64_t sent_ = 0, received_ = 0, over_window_ = 0;
  Position edge_;

  Position next_ = 1;  // of the receiver
  RangeSet ahead_{1024};
  Position newest_ = 0;
  std::uint32_t unacknowledged_ = 0;
  Instant delayed_at_ = kNever;
  Instant echo_{};
  std::vector<std::string> broken_;
};

}  // namespace poise::tcp
