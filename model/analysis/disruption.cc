// The Maglev paper's Figs. 11 and 12, for any consistent policy.
#include "model/analysis/disruption.h"

#include <algorithm>
#include <numeric>
#include <stdexcept>

#include "model/check.h"
#include "model/policy/maglev.h"
#include "model/random.h"

namespace poise::analysis {
namespace {

// Streams of one seed that must not repeat each other.
enum Stream : std::uint64_t { policy_seeds = 1, failing = 2, karger_entries = 3 };

std::unique_ptr<policy::Policy> make_seeded(policy::Config config, std::uint64_t seed) {
  config.seed = seed;
  std::unique_ptr<policy::Policy> made = policy::make(config);
  if (!made->is_consistent())
    throw std::invalid_argument("kind is \"" + config.kind +
                                "\"; allowed: a policy whose choice hangs on the flow alone");
  return made;
}

// `count` different numbers below `bound`, in random order (the first steps of Fisher and Yates).
std::vector<BackendIndex> draw_different(Rng& rng, std::uint32_t count, std::uint32_t bound) {
  std::vector<BackendIndex> numbers(bound);
  std::iota(numbers.begin(), numbers.end(), BackendIndex{0});
  for (std::uint32_t i = 0; i < count; ++i)
    std::swap(numbers[i], numbers[i + rng.below(bound - i)]);
  numbers.resize(count);
  return numbers;
}

void check_backends(std::uint32_t backends) {
  if (backends < 1 || backends >= kNoBackend)
    throw std::invalid_argument("backends is " + std::to_string(backends) +
                                "; allowed: 1 to 65534");
}

}  // namespace

double max_over_mean(std::span<const std::uint32_t> loads) {
  const std::uint64_t sum = std::accumulate(loads.begin(), loads.end(), std::uint64_t{0});
  POISE_CHECK(sum > 0);
  const std::uint32_t fullest = *std::max_element(loads.begin(), loads.end());
  return static_cast<double>(fullest) * static_cast<double>(loads.size()) /
         static_cast<double>(sum);
}

std::vector<std::uint32_t> loads_of(std::span<const BackendIndex> owners,
                                    std::size_t backend_count) {
  std::vector<std::uint32_t> loads(backend_count);
  for (const BackendIndex owner : owners) {
    POISE_CHECK(owner < backend_count);
    ++loads[owner];
  }
  return loads;
}

std::vector<policy::Candidate> numbered_candidates(std::uint32_t count) {
  std::vector<policy::Candidate> candidates(count);
  for (std::uint32_t i = 0; i < count; ++i) {
    candidates[i].index = static_cast<BackendIndex>(i);
    candidates[i].name = "backend-";
    candidates[i].name += std::to_string(i);
  }
  std::sort(candidates.begin(), candidates.end(),
            [](const auto& a, const auto& b) { return a.name < b.name; });
  return candidates;
}

std::vector<BackendIndex> owners_of(policy::Policy& policy, std::uint32_t flow_count) {
  POISE_CHECK(policy.is_consistent());
  if (const auto* maglev = dynamic_cast<policy::Maglev*>(&policy))
    return {maglev->table().begin(), maglev->table().end()};
  Rng unused(0);
  std::vector<BackendIndex> owners(flow_count);
  for (std::uint32_t flow = 0; flow < flow_count; ++flow)
    owners[flow] = policy.choose(mix64(flow), {}, unused);
  return owners;
}

Change change_between(std::span<const BackendIndex> before, std::span<const BackendIndex> after,
                      std::span<const BackendIndex> failed) {
  POISE_CHECK(before.size() == after.size() && !before.empty());
  std::vector<bool> is_failed(std::size_t{kNoBackend} + 1);
  for (const BackendIndex index : failed) is_failed[index] = true;
  std::size_t changed = 0, excess = 0;
  for (std::size_t i = 0; i < before.size(); ++i) {
    if (before[i] == after[i]) continue;
    ++changed;
    excess += !is_failed[before[i]];
  }
  const auto size = static_cast<double>(before.size());
  return {static_cast<double>(changed) / size, static_cast<double>(excess) / size};
}

std::vector<Change> disruption(const DisruptionSetting& setting) {
  check_backends(setting.backends);
  if (setting.failures >= setting.backends)
    throw std::invalid_argument("failures is " + std::to_string(setting.failures) +
                                "; allowed: less than backends (" +
                                std::to_string(setting.backends) + ")");
  Rng seeds(setting.seed, Stream::policy_seeds);
  Rng failing(setting.seed, Stream::failing);
  const std::vector<policy::Candidate> everyone = numbered_candidates(setting.backends);
  std::vector<Change> changes;
  for (std::uint32_t repeat = 0; repeat < setting.repeats; ++repeat) {
    const auto made = make_seeded(setting.policy, seeds.next());
    made->rebuild(everyone);
    const std::vector<BackendIndex> before = owners_of(*made, setting.flow_count);

    const std::vector<BackendIndex> failed =
        draw_different(failing, setting.failures, setting.backends);
    std::vector<policy::Candidate> survivors;
    for (const policy::Candidate& c : everyone)
      if (std::find(failed.begin(), failed.end(), c.index) == failed.end()) survivors.push_back(c);
    made->rebuild(survivors);
    changes.push_back(change_between(before, owners_of(*made, setting.flow_count), failed));
  }
  return changes;
}

std::vector<double> overprovision(const OverprovisionSetting& setting) {
  check_backends(setting.backends);
  Rng seeds(setting.seed, Stream::policy_seeds);
  const std::vector<policy::Candidate> everyone = numbered_candidates(setting.backends);
  std::vector<double> values;
  for (std::uint32_t repeat = 0; repeat < setting.repeats; ++repeat) {
    const std::uint64_t seed = seeds.next();
    std::vector<BackendIndex> owners;
    if (setting.policy.kind == "karger") {
      owners = karger_table(setting.flow_count, setting.backends, setting.views, seed);
    } else {
      const auto made = make_seeded(setting.policy, seed);
      made->rebuild(everyone);
      owners = owners_of(*made, setting.flow_count);
    }
    values.push_back(max_over_mean(loads_of(owners, setting.backends)) - 1);
  }
  return values;
}

std::vector<BackendIndex> karger_table(std::uint32_t size, std::uint32_t backends,
                                       std::uint32_t views, std::uint64_t seed) {
  POISE_CHECK(size > 0 && backends > 0 && backends < kNoBackend && views > 0);
  Rng rng(seed, Stream::karger_entries);
  std::vector<BackendIndex> table(size, kNoBackend);
  for (std::uint32_t view = 0; view < views; ++view)
    for (std::uint32_t backend = 0; backend < backends; ++backend) {
      BackendIndex& entry = table[rng.below(size)];
      if (entry == kNoBackend) entry = static_cast<BackendIndex>(backend);
    }
  // Twice around, backwards, so that the last entries see the first ones.
  BackendIndex next = kNoBackend;
  for (std::size_t i = 2 * std::size_t{size}; i-- > 0;) {
    BackendIndex& entry = table[i % size];
    if (entry == kNoBackend) entry = next;
    next = entry;
  }
  return table;
}

}  // namespace poise::analysis
