// How a run can fail, in every world.
#include "model/scenario/run_error.h"

#include <utility>

namespace poise::scenario {

namespace {

std::string describe(const Plan& plan, const std::string& reason, const std::string& stderr_tail) {
  std::string text = "the run of \"" + plan.title + "\" (seed " + std::to_string(plan.seed) +
                     ", run " + std::to_string(plan.run) + ") failed: " + reason;
  if (!stderr_tail.empty()) text += "\n" + stderr_tail;
  return text;
}

}  // namespace

RunError::RunError(const Plan& plan, int signal, const std::string& reason, std::string stderr_tail)
    : std::runtime_error(describe(plan, reason, stderr_tail)),
      title_(plan.title),
      seed_(plan.seed),
      run_(plan.run),
      signal_(signal),
      stderr_tail_(std::move(stderr_tail)) {}

}  // namespace poise::scenario
