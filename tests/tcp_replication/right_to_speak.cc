// Breadth first through all states within bounds, to the first violation.
#include "tests/tcp_replication/right_to_speak.h"

#include <algorithm>
#include <unordered_set>

#include "tests/tcp_replication/replica_model.h"

namespace poise::tcp {

Finding explore(const Rules& rules, const Bounds& bounds, std::array<int, 3> rates) {
  struct Step {
    std::size_t before;
    const char* action;
    int who;
  };
  Finding finding;
  std::vector<Step> steps{{0, "begin", -1}};
  std::vector<std::pair<std::size_t, ReplicaModel>> layer, next_layer;
  layer.emplace_back(0, ReplicaModel(rules, bounds, rates));
  std::unordered_set<std::uint64_t> seen{layer[0].second.digest()};
  const auto visit = [&](std::size_t before, const char* action, int who,
                         const ReplicaModel& model) {
    if (!finding.violation.empty() || !seen.insert(model.digest()).second) return;
    steps.push_back({before, action, who});
    finding.violation = model.violation();
    if (steps.size() >= bounds.state_count_max)
      finding.exhausted = false;
    else
      next_layer.emplace_back(steps.size() - 1, model);
  };
  while (!layer.empty() && finding.violation.empty()) {
    for (const auto& [index, model] : layer)
      model.each_next([&, before = index](const char* action, int who, const ReplicaModel& next) {
        visit(before, action, who, next);
      });
    layer = std::move(next_layer);
    next_layer.clear();
  }
  finding.state_count = steps.size();
  if (!finding.violation.empty()) {
    for (std::size_t i = steps.size() - 1; i > 0; i = steps[i].before)
      finding.path.push_back(
          (steps[i].who < 0 ? "" : "replica " + std::to_string(steps[i].who) + " ") +
          std::string(steps[i].action));
    std::ranges::reverse(finding.path);
  }
  return finding;
}

}  // namespace poise::tcp
