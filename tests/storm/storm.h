// One storm: chaos drawn from a seed, then calm, then everything must be well.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace poise::storm {

struct Outcome {
  std::vector<std::string> failures;
  std::vector<std::string> talk;  // the last of what happened, when asked for
  std::uint64_t digest = 0;       // of everything seen, and of all machines at the end
  std::uint64_t packets = 0;
};

Outcome run(std::uint64_t seed, bool talks = false);

}  // namespace poise::storm
