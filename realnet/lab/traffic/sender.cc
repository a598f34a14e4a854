// Writes so many bytes to a TCP socket, at once or at a pace.
#include "realnet/lab/traffic/sender.h"

#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <utility>

#include "model/check.h"

namespace poise::realnet::lab {

namespace {

constexpr std::array<std::uint8_t, 65536> kZeros{};  // as many at a time

}  // namespace

void Sender::start(int socket, std::span<const std::uint8_t> head, std::uint64_t size,
                   std::uint32_t message_bytes, std::uint64_t interval_ns,
                   std::function<void()> changed) {
  POISE_CHECK(done() && head.size() <= size);
  socket_ = socket;
  head_.assign(head.begin(), head.end());
  changed_ = std::move(changed);
  left_ = size;
  const bool paced = message_bytes > 0 && interval_ns > 0;
  message_ = paced ? message_bytes : size;
  interval_ = Duration{static_cast<std::int64_t>(interval_ns)};
  next_ = loop_.now();
  due_ = std::min(left_, std::max<std::uint64_t>(message_, head.size()));  // the head is never cut
  write();
  if (due_ < left_) timer_ = loop_.at(next_ += interval_, [this] { tick(); });
}

// A late tick does not delay those after it: the pace is the plan's.
void Sender::tick() {
  timer_ = Loop::kNoTimer;
  due_ = std::min(left_, due_ + message_);
  if (due_ < left_) timer_ = loop_.at(next_ += interval_, [this] { tick(); });
  write();
  changed_();
}

void Sender::write() {
  while (due_ > 0) {
    const std::span<const std::uint8_t> bytes = next();
    const ssize_t sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent < 0) return;  // full, or going away: then the owner hears of it
    const auto size = static_cast<std::uint64_t>(sent);
    if (!head_.empty()) head_.erase(head_.begin(), head_.begin() + sent);
    due_ -= size;
    left_ -= size;
    said_ += size;
  }
}

// What is to be written now.
std::span<const std::uint8_t> Sender::next() {
  if (!head_.empty()) return head_;
  const std::size_t size = std::min<std::uint64_t>(due_, kZeros.size());
  if (!content_) return std::span(kZeros).first(size);
  body_.resize(size);
  content_->write(said_, body_);
  return body_;
}

void Sender::stop() {
  loop_.cancel(std::exchange(timer_, Loop::kNoTimer));
  left_ = due_ = 0;
}

}  // namespace poise::realnet::lab
