// Looks at a service again and again.
#include "realnet/daemon/health/health_checker.h"

#include <chrono>
#include <utility>

#include "realnet/daemon/health/probe.h"

namespace poise::realnet {

HealthChecker::HealthChecker(const HealthSettings& settings, std::function<Address()> host,
                             Changed changed)
    : settings_(settings),
      host_(std::move(host)),
      changed_(std::move(changed)),
      thread_([this](const std::stop_token& stop) { work(stop); }) {}

void HealthChecker::work(const std::stop_token& stop) {
  const auto timeout = std::chrono::ceil<std::chrono::milliseconds>(settings_.timeout);
  bool well = true;
  std::uint32_t against = 0;  // looks in a row that speak against the verdict
  while (!stop.stop_requested()) {
    const auto next = std::chrono::steady_clock::now() + settings_.interval;
    const std::string why = probe(settings_.check, host_(), timeout);
    against = why.empty() == well ? 0 : against + 1;
    if (against >= (well ? settings_.fall : settings_.rise)) {
      well = !well;
      against = 0;
      changed_(well, why);
    }
    std::unique_lock lock(mutex_);
    asleep_.wait_until(lock, stop, next, [] { return false; });
  }
}

}  // namespace poise::realnet
