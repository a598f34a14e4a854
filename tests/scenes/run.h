// Plays a scene in the world in memory.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "tests/scenes/scene.h"
#include "tests/world/seat.h"

namespace poise::scene {

// A datagram at a place of the scene: "client", "web1", "wire@web1".
struct Sighting {
  std::string place;
  std::vector<std::uint8_t> bytes;
};

struct Report {
  std::vector<std::string> failures;    // "line 7: expected ..., but ..."
  std::vector<std::string> transcript;  // what was seen, in order
  std::vector<Sighting> sightings;      // likewise
};

// The machines sit where `seats` puts them.
Report run(const Scene& scene,
           std::unique_ptr<memory::Seats> seats = std::make_unique<memory::Seats>());

}  // namespace poise::scene
