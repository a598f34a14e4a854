// Prints a line `name digest` for everything whose result must not depend on compiler, run or
// machine.
#include <cinttypes>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "model/hash.h"
#include "model/policy/policy.h"
#include "model/random.h"
#include "model/scenario/plan_toml.h"
#include "sim/ns3/run.h"
#include "tests/storm/storm.h"

namespace {

using namespace poise;

void print(const std::string& name, std::uint64_t digest) {
  std::printf("%-48s %016" PRIx64 "\n", name.c_str(), digest);
}

std::uint64_t random_numbers() {
  Rng rng(1, 2);
  Digest digest;
  for (int i = 0; i < 10'000; ++i) {
    digest.add(rng.next());
    digest.add(rng.below(1'000'003));
    digest.add(rng.uniform());
    digest.add(rng.exponential(1.0));
  }
  return digest.value();
}

// What a policy chooses for many flows among weighted backends, and its whole state afterwards.
std::uint64_t choices(const std::string& kind) {
  const auto policy =
      policy::make({.kind = kind, .table_size = 4099, .virtual_nodes = 50, .seed = 3});
  std::vector<policy::Candidate> candidates;
  for (BackendIndex i = 0; i < 90; ++i)
    candidates.push_back(
        {.index = i, .weight = 1u + i % 5, .name = "web" + std::to_string(10 + i)});
  policy->rebuild(candidates);
  std::vector<std::uint32_t> counts(candidates.size());
  Rng rng(4);
  Digest digest;
  for (int i = 0; i < 20'000; ++i) {
    const BackendIndex chosen = policy->choose(rng.next(), counts, rng);
    ++counts[chosen];
    digest.add(chosen);
  }
  return digest.add(policy->digest()).value();
}

std::uint64_t storms() {
  Digest digest;
  for (std::uint64_t seed = 1; seed <= 40; ++seed) digest.add(storm::run(seed).digest);
  return digest.value();
}

void print_runs(const std::filesystem::path& path) {
  std::ifstream file(path);
  const std::string text(std::istreambuf_iterator<char>(file), {});
  const scenario::Plan plan = scenario::parse_plan(text, path.filename().string());
  std::vector<scenario::Plan> plans = {plan};
  plans[0].variants.clear();
  for (const scenario::VariantSpec& spec : plan.variants)
    plans.push_back(scenario::variant(plan, spec.name));
  for (const scenario::Plan& each : plans) {
    const scenario::RunResult result = ns3world::run_forked(each);
    std::printf("%-48s %s %zu flows\n", each.title.c_str(), result.fingerprint().c_str(),
                result.flows.size());
  }
}

}  // namespace

int main() {
  print("random", random_numbers());
  for (const policy::Entry& entry : policy::catalogue())
    print("policy " + std::string(entry.kind), choices(std::string(entry.kind)));
  print("storms", storms());
  for (const char* name : {"clos.toml", "leaf.toml"})
    print_runs(std::filesystem::path(POISE_FINGERPRINT_PLANS) / name);
}
