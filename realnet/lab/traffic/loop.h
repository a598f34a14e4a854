// What happens when: descriptors that became ready and instants that came, on one thread.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <utility>

#include "model/time.h"
#include "realnet/system/fd.h"

namespace poise::realnet::lab {

// Its time is the run's: it begins at the origin, and is negative before that. Handlers may watch,
// forget, schedule and cancel anything, themselves too.
class Loop {
 public:
  using Handler = std::function<void(std::uint32_t events)>;
  using TimerId = std::uint64_t;
  static constexpr TimerId kNoTimer = 0;

  Loop();

  // `origin`: the run's time zero on this world's clock (realnet/system/clock.h).
  void begin_at(Instant origin) { origin_ = origin; }
  Instant origin() const { return origin_; }
  Instant now() const;

  // Calls the handler while any of the events (EPOLLIN, ...) holds, and at errors. The descriptor
  // must be forgotten before it is closed. REQUIRES: it is not watched yet.
  void watch(int descriptor, std::uint32_t events, Handler handler);
  void change(int descriptor, std::uint32_t events);
  // From now on its handler is not called, not even for what was ready already.
  void forget(int descriptor);

  TimerId at(Instant instant, std::function<void()> action);
  void cancel(TimerId timer);
  void cancel_all();

  void run_until(Instant end);
  void stop() { stopped_ = true; }

 private:
  struct Watched {
    int descriptor = -1;
    std::shared_ptr<const Handler> handler;  // outlives its own forgetting while it runs
  };
  void wait_until(Instant instant);

  Fd epoll_;
  Instant origin_{};
  bool stopped_ = false;
  std::uint64_t next_name_ = 1;
  std::map<std::uint64_t, Watched> watched_;  // by name: a descriptor's number may come again
  std::map<int, std::uint64_t> name_of_;      // by descriptor
  std::map<std::pair<Instant, TimerId>, std::function<void()>> timers_;
  std::map<TimerId, Instant> instant_of_;
};

}  // namespace poise::realnet::lab
