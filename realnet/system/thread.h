// Where a thread runs.
#pragma once

namespace poise::realnet {

// This thread. Throws SystemError: "run on processor 7: Invalid argument" when there is none.
void pin_to_cpu(unsigned cpu);

}  // namespace poise::realnet
