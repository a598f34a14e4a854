// How this process comes before others when processors are scarce.
#pragma once

#include <string>

namespace poise::realnet {

// SCHED_FIFO at its lowest, for this thread alone. Empty: done; else why not.
std::string run_in_real_time();
// The best nice value that is permitted. Empty: -20, else what came of it.
std::string be_not_nice();

}  // namespace poise::realnet
