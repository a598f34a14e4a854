// The scheduler's classes and nice values.
#include "realnet/system/precedence.h"

#include <sched.h>
#include <sys/resource.h>

#include <cerrno>
#include <cstring>

namespace poise::realnet {

std::string run_in_real_time() {
  sched_param parameters{};
  parameters.sched_priority = ::sched_get_priority_min(SCHED_FIFO);
  // What it starts, commands for the host's set-up, runs as everybody else.
  if (::sched_setscheduler(0, SCHED_FIFO | SCHED_RESET_ON_FORK, &parameters) == 0) return {};
  return std::string("SCHED_FIFO: ") + std::strerror(errno);
}

std::string be_not_nice() {
  constexpr int kBest = -20;
  if (::setpriority(PRIO_PROCESS, 0, kBest) == 0) return {};
  return "nice " + std::to_string(kBest) + ": " + std::strerror(errno);
}

}  // namespace poise::realnet
