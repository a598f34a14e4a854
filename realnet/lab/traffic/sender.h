// Writes so many bytes to a TCP socket: as fast as its buffer takes them, or a message an interval.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "model/scenario/content.h"
#include "model/time.h"
#include "realnet/lab/traffic/loop.h"

namespace poise::realnet::lab {

class Sender {
 public:
  explicit Sender(Loop& loop) : loop_(loop) {}
  ~Sender() { stop(); }
  Sender(const Sender&) = delete;
  Sender& operator=(const Sender&) = delete;

  // From now on what is behind heads is this, not zeros.
  void say(const scenario::Content& content) { content_ = content; }
  // `head`, then zeros, `size` bytes in all. With message_bytes and interval_ns, that much each.
  // The socket's owner watches it and calls write() when it can be written and blocked() holds;
  // `changed` is called after each message: blocked() may have changed. REQUIRES: done(),
  // head.size() <= size.
  void start(int socket, std::span<const std::uint8_t> head, std::uint64_t size,
             std::uint32_t message_bytes, std::uint64_t interval_ns, std::function<void()> changed);
  void write();
  void stop();
  bool done() const { return left_ == 0; }
  bool blocked() const { return due_ > 0; }  // the socket's buffer is full

 private:
  void tick();
  std::span<const std::uint8_t> next();

  Loop& loop_;
  int socket_ = -1;
  std::vector<std::uint8_t> head_;
  std::optional<scenario::Content> content_;
  std::vector<std::uint8_t> body_;  // where content_ is written
  std::uint64_t said_ = 0;          // bytes of all messages
  std::uint64_t left_ = 0;          // bytes not yet given to TCP
  std::uint64_t due_ = 0;           // of them, those that may be given now
  std::uint64_t message_ = 0;       // what each tick makes due
  Duration interval_{};
  Instant next_{};
  std::function<void()> changed_;
  Loop::TimerId timer_ = Loop::kNoTimer;
};

}  // namespace poise::realnet::lab
