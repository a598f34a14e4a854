// What every control stream asks of its TCP.
#pragma once

#include "realnet/control/limits.h"

namespace poise::realnet {

// No delay, keepalives, and an end to what is not acknowledged for Limits::silence_max. A socket
// that does not take them still works: failures are not told.
void tune(int socket, const Limits& limits) noexcept;

}  // namespace poise::realnet
