// Looks at a service again and again, and says when it becomes well or unwell.
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <stop_token>
#include <string>
#include <thread>

#include "model/address.h"
#include "realnet/daemon/settings/settings.h"

namespace poise::realnet {

// On a thread of its own, in the network namespace of the thread that makes it. A service counts as
// well until `fall` looks in a row were bad, and again after `rise` good ones.
class HealthChecker {
 public:
  // Called on the checker's thread when the verdict changes; `why`: of the last bad look.
  using Changed = std::function<void(bool well, const std::string& why)>;

  // `host`: asked for before each look, on the checker's thread.
  HealthChecker(const HealthSettings& settings, std::function<Address()> host, Changed changed);

 private:
  void work(const std::stop_token& stop);

  const HealthSettings settings_;
  const std::function<Address()> host_;
  const Changed changed_;
  std::mutex mutex_;
  std::condition_variable_any asleep_;
  std::jthread thread_;  // last: it uses all of the above
};

}  // namespace poise::realnet
