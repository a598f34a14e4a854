// Where a thread runs, and for how long.
#include "realnet/system/thread.h"

#include <sched.h>
#include <sys/resource.h>

#include <cerrno>
#include <ctime>
#include <string>

#include "realnet/system/error.h"

namespace poise::realnet {

void pin_to_cpu(unsigned cpu) {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (cpu < CPU_SETSIZE) CPU_SET(cpu, &set);
  checked(::sched_setaffinity(0, sizeof set, &set), "run on processor " + std::to_string(cpu));
}

void take(const Seat& seat) {
  if (seat.cpu) pin_to_cpu(*seat.cpu);
  const sched_param none{};
  if (seat.patient) checked(::sched_setscheduler(0, SCHED_BATCH, &none), "schedule as a batch");
  if (::getpriority(PRIO_PROCESS, 0) < seat.nice)  // of a thread, on Linux
    checked(::setpriority(PRIO_PROCESS, 0, seat.nice), "be nice");
}

Duration thread_time() {
  return clock_time(CLOCK_THREAD_CPUTIME_ID);
}

Duration clock_time(clockid_t clock) {
  timespec time{};
  ::clock_gettime(clock, &time);
  return std::chrono::seconds{time.tv_sec} + std::chrono::nanoseconds{time.tv_nsec};
}

}  // namespace poise::realnet
