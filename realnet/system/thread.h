// Where a thread runs, and for how long.
#pragma once

#include <ctime>
#include <optional>

#include "model/time.h"

namespace poise::realnet {

// How a thread runs. `cpu`: none: anywhere. `patient`: it does not interrupt another thread when
// something comes for it (SCHED_BATCH), so it finds more at once and costs less. `nice`: at least
// so much; who is nicer already stays so.
struct Seat {
  std::optional<unsigned> cpu = {};
  bool patient = false;
  int nice = -20;
};

// Of this thread. Throws SystemError.
void take(const Seat& seat);

// Of this thread. Throws SystemError: "run on processor 7: Invalid argument" when there is none.
void pin_to_cpu(unsigned cpu);

// Processor time of this thread so far, its own and the kernel's on its behalf.
Duration thread_time();
// What one of the system's clocks shows; of a processor's time, say.
Duration clock_time(clockid_t clock);

}  // namespace poise::realnet
