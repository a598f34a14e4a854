// Any text is a plan or a one-line error; a plan that was read is written and read back equal.
#include <cstdint>
#include <string>
#include <string_view>

#include "model/check.h"
#include "model/scenario/cuts.h"
#include "model/scenario/plan_toml.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace poise::scenario;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  try {
    const Plan plan = parse_plan(text, "plan.toml");
    POISE_CHECK(parse_plan(write_plan(plan), "plan.toml") == plan);
    const bool is_small =
        plan.topology.clients + plan.topology.backends + plan.topology.nodes.size() < 100;
    if (is_small) warnings(plan);
  } catch (const PlanError& error) {
    for (const std::string& problem : error.problems())
      POISE_CHECK(problem.starts_with("plan.toml") && problem.find('\n') == std::string::npos);
  }
  return 0;
}
