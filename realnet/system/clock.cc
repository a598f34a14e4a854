// Where this world's time and chance come from.
#include "realnet/system/clock.h"

#include <sys/random.h>

#include <ctime>

#include "realnet/system/error.h"

namespace poise::realnet {

Instant now() {
  timespec time{};
  ::clock_gettime(CLOCK_BOOTTIME, &time);
  return instant_from_ns(std::int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec);
}

std::uint64_t entropy() {
  std::uint64_t value = 0;
  checked(static_cast<int>(::getrandom(&value, sizeof value, 0)), "getrandom");
  return value;
}

}  // namespace poise::realnet
