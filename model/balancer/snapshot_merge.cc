// Merging members and surviving flows.
#include "model/balancer/snapshot_merge.h"

#include <algorithm>
#include <map>
#include <tuple>

#include "model/balancer/snapshot.h"

namespace poise {
namespace {

// Each flow once, as it was used last; the least recently used first.
void put_in_order(std::vector<SnapshotFlow>& flows) {
  std::sort(flows.begin(), flows.end(), [](const SnapshotFlow& a, const SnapshotFlow& b) {
    return std::tie(a.key, a.age, a.member) < std::tie(b.key, b.age, b.member);
  });
  const auto repeated =
      std::unique(flows.begin(), flows.end(),
                  [](const SnapshotFlow& a, const SnapshotFlow& b) { return a.key == b.key; });
  flows.erase(repeated, flows.end());
  std::stable_sort(flows.begin(), flows.end(),
                   [](const SnapshotFlow& a, const SnapshotFlow& b) { return a.age > b.age; });
}

}  // namespace

MergedSnapshot merge_snapshot(Instant now, std::span<const std::uint8_t> membership,
                              std::span<const std::span<const std::byte>> regions) {
  MergedSnapshot merged;
  std::optional<Snapshot> snapshot = read_snapshot(membership, merged.error);
  if (!snapshot) return merged;
  snapshot->age_to(now);

  std::map<std::pair<BackendIndex, std::uint16_t>, std::uint32_t> members;
  for (const SnapshotMember& member : snapshot->members)
    members.emplace(std::pair(member.ref.index, member.ref.generation),
                    static_cast<std::uint32_t>(members.size()));
  for (const std::span<const std::byte> region : regions) {
    std::vector<SnapshotFlow> found;
    std::uint64_t strangers = 0;
    merged.regions.push_back(visit_surviving(region, now, [&](const SurvivingFlow& flow) {
      const auto member = members.find({flow.backend.index, flow.backend.generation});
      if (member == members.end()) return void(++strangers);
      const Duration age = std::max(now - flow.last_use, Duration::zero());
      found.push_back({member->second, flow.key, flow.state, age});
    }));
    if (merged.regions.back().outcome != Survival::Outcome::read) continue;
    if (merged.regions.back().life != snapshot->life) {
      ++merged.lives;
      continue;
    }
    merged.strangers += strangers;
    snapshot->flows.insert(snapshot->flows.end(), found.begin(), found.end());
  }
  merged.repeated = snapshot->flows.size();
  put_in_order(snapshot->flows);
  merged.flows = snapshot->flows.size();
  merged.repeated -= merged.flows;
  merged.members = snapshot->members.size();
  merged.bytes = write_snapshot(*snapshot);
  return merged;
}

}  // namespace poise
