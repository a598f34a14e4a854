// Where a shard's datagrams come from: its NFQUEUE, and the rings beside it, if it has any.
#pragma once

#include <poll.h>

#include <algorithm>
#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

#include "realnet/packets/nfqueue.h"
#include "realnet/packets/xdp_ring.h"

namespace poise::realnet {

// What an XdpFilter does not take for the rings comes through the queue: fragments, options, ICMP
// errors, other devices, and everything while nobody has opened the filter.
class Intake {
 public:
  using Rings = std::vector<std::unique_ptr<XdpRing>>;

  Intake(Queue queue, Rings rings = {})  // NOLINT: a queue alone is the usual intake
      : queue_(std::move(queue)), rings_(std::move(rings)) {
    waits_.push_back({queue_.fd(), POLLIN, 0});
    for (const auto& ring : rings_) waits_.push_back({ring->fd(), POLLIN, 0});
  }

  // Waits up to Queue::kWaitMax for datagrams, then calls serve(source, count) for each source that
  // has some: a Queue or an XdpRing, whose burst it must settle.
  template <class Serve>
  void receive(Serve&& serve) {
    if (rings_.empty()) {
      if (const std::size_t count = queue_.receive()) serve(queue_, count);
      return;
    }
    if (!serve_rings(serve)) return look_at_all(serve, Queue::kWaitMax);
    // Rings that are never empty must not keep the queue waiting.
    if (++turns_ % kQueueEvery == 0) look_at_all(serve, Duration{});
  }

  const Queue& queue() const { return queue_; }
  const Rings& rings() const { return rings_; }

 private:
  static constexpr unsigned kQueueEvery = 4;

  template <class Serve>
  bool serve_rings(Serve& serve) {
    bool served = false;
    for (const auto& ring : rings_)
      if (const std::size_t count = ring->receive()) {
        serve(*ring, count);
        served = true;
      }
    return served;
  }

  template <class Serve>
  void look_at_all(Serve& serve, Duration wait) {
    const auto wait_ms = std::chrono::duration_cast<std::chrono::milliseconds>(wait).count();
    if (::poll(waits_.data(), waits_.size(), static_cast<int>(wait_ms)) <= 0) return;
    if (waits_[0].revents != 0)
      if (const std::size_t count = queue_.receive()) serve(queue_, count);
    serve_rings(serve);
    // A ring whose device is gone would call for ever; what it took comes through the queue.
    for (std::size_t i = 1; i < waits_.size(); ++i)
      if (waits_[i].revents & (POLLERR | POLLHUP | POLLNVAL)) waits_[i].fd = -1;
  }

  Queue queue_;
  Rings rings_;
  std::vector<pollfd> waits_;
  unsigned turns_ = 0;
};

}  // namespace poise::realnet
