// Where this world's time and chance come from.
#pragma once

#include <cstdint>

#include "model/time.h"

namespace poise::realnet {

// CLOCK_BOOTTIME: the same origin for every process of a host and across restarts of a daemon, runs
// on while the host sleeps, never backwards. So an instant that one life of a daemon wrote down
// means the same to the next.
Instant now();

// 64 bits from the kernel. Every caller prints or logs the seed that it made of them.
std::uint64_t entropy();

}  // namespace poise::realnet
