// Where a thread runs.
#include "realnet/system/thread.h"

#include <sched.h>

#include <cerrno>
#include <string>

#include "realnet/system/error.h"

namespace poise::realnet {

void pin_to_cpu(unsigned cpu) {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (cpu < CPU_SETSIZE) CPU_SET(cpu, &set);
  checked(::sched_setaffinity(0, sizeof set, &set), "run on processor " + std::to_string(cpu));
}

}  // namespace poise::realnet
