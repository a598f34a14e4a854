// Plays a scene in the world in memory.
#pragma once

#include <string>
#include <vector>

#include "tests/scenes/scene.h"

namespace poise::scene {

struct Report {
  std::vector<std::string> failures;    // "line 7: expected ..., but ..."
  std::vector<std::string> transcript;  // what was seen, in order
};

Report run(const Scene& scene);

}  // namespace poise::scene
