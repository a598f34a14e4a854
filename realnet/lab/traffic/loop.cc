// What happens when, on one thread.
#include "realnet/lab/traffic/loop.h"

#include <sys/epoll.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <ctime>
#include <vector>

#include "model/check.h"
#include "realnet/system/clock.h"
#include "realnet/system/error.h"

namespace poise::realnet::lab {

namespace {

constexpr int kEventsMax = 256;  // taken at a time

}  // namespace

Loop::Loop() : epoll_(checked(::epoll_create1(EPOLL_CLOEXEC), "epoll_create1")) {}

Instant Loop::now() const {
  return Instant{realnet::now() - origin_};
}

void Loop::watch(int descriptor, std::uint32_t events, Handler handler) {
  const std::uint64_t name = next_name_++;
  POISE_CHECK(name_of_.emplace(descriptor, name).second);
  watched_[name] = {descriptor, std::make_shared<const Handler>(std::move(handler))};
  epoll_event event{};
  event.events = events;
  event.data.u64 = name;
  checked(::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, descriptor, &event), "epoll_ctl add");
}

void Loop::change(int descriptor, std::uint32_t events) {
  epoll_event event{};
  event.events = events;
  event.data.u64 = name_of_.at(descriptor);
  checked(::epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, descriptor, &event), "epoll_ctl change");
}

void Loop::forget(int descriptor) {
  const auto name = name_of_.find(descriptor);
  if (name == name_of_.end()) return;
  checked(::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, descriptor, nullptr), "epoll_ctl forget");
  watched_.erase(name->second);
  name_of_.erase(name);
}

Loop::TimerId Loop::at(Instant instant, std::function<void()> action) {
  const TimerId timer = next_name_++;
  timers_.emplace(std::pair(instant, timer), std::move(action));
  instant_of_[timer] = instant;
  return timer;
}

void Loop::cancel(TimerId timer) {
  const auto found = instant_of_.find(timer);
  if (found == instant_of_.end()) return;
  timers_.erase({found->second, timer});
  instant_of_.erase(found);
}

void Loop::cancel_all() {
  timers_.clear();
  instant_of_.clear();
}

void Loop::run_until(Instant end) {
  stopped_ = false;
  while (!stopped_) {
    const Instant time = now();
    if (time >= end) return;
    if (!timers_.empty() && timers_.begin()->first.first <= time) {
      auto node = timers_.extract(timers_.begin());
      instant_of_.erase(node.key().second);
      node.mapped()();
      continue;
    }
    wait_until(timers_.empty() ? end : std::min(end, timers_.begin()->first.first));
  }
}

void Loop::wait_until(Instant instant) {
  const std::int64_t wait = std::max<std::int64_t>((instant - now()).count(), 0);
  const timespec timeout{wait / 1'000'000'000, wait % 1'000'000'000};
  std::array<epoll_event, kEventsMax> events;
  const int count = ::epoll_pwait2(epoll_.get(), events.data(), kEventsMax, &timeout, nullptr);
  if (count < 0 && errno == EINTR) return;
  checked(count, "epoll_pwait2");
  for (int i = 0; i < count; ++i) {
    const auto found = watched_.find(events[static_cast<std::size_t>(i)].data.u64);
    if (found == watched_.end()) continue;
    const std::shared_ptr<const Handler> handler = found->second.handler;
    (*handler)(events[static_cast<std::size_t>(i)].events);
  }
}

}  // namespace poise::realnet::lab
