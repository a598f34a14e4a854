// Collects the configuration lines of a scene and gives every machine its own.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tests/scenes/scene.h"

namespace poise::scene {

// What all balancers, and all agents, have in common.
struct Common {
  BalancerConfig balancer;
  AgentConfig agent;
};

class Configuration {
 public:
  // Throws Wrong.
  void take(std::string_view line);
  void finish(Scene& scene) const;

 private:
  Common common_;
  policy::Config policy_;
  std::vector<std::pair<std::string, Address>> balancers_;
  std::vector<BackendSetup> backends_;
};

}  // namespace poise::scene
