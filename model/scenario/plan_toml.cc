// Plans from text and overrides: read key by key, then checked as a whole, then variant by variant.
#include "model/scenario/plan_toml.h"

#include "model/scenario/plan_check.h"
#include "model/scenario/problems.h"
#include "model/scenario/schema.h"
#include "model/scenario/schema_read.h"

namespace poise::scenario {
namespace {

void check_rules(const Plan& plan, Problems& problems) {
  check_topology(plan, problems);
  check_service(plan, problems);
  check_policy(plan, problems);
  check_workload(plan, problems);
  check_replication(plan, problems);
  check_measures(plan, problems);
  if (problems.empty()) check_faults(plan, problems);  // they name parts of a sound topology
}

Plan overridden(const Plan& plan, std::span<const Override> overrides, Problems& problems,
                CustomPolicies custom) {
  Plan changed = plan;
  for (const Override& change : overrides)
    apply_override(plan_table(), &changed, change, problems, custom);
  if (problems.empty()) check_rules(changed, problems);
  return changed;
}

void check_variants(const Plan& plan, Problems& problems, CustomPolicies custom) {
  Plan base = plan;
  base.variants.clear();
  for (std::size_t i = 0; i < plan.variants.size(); ++i) {
    const VariantSpec& variant = plan.variants[i];
    const std::string path = "variant." + std::to_string(i);
    if (variant.name.empty())
      problems.add(path + ".name", path + ".name is empty; expected a name");
    for (std::size_t j = 0; j < i; ++j)
      if (plan.variants[j].name == variant.name)
        problems.add(path + ".name",
                     path + ".name is " + quoted(variant.name) + ", as another variant's is");
    Problems of_variant("");
    for (const Override& change : variant.set)
      if (change.key.starts_with("variant"))
        of_variant.add("", change.key + " cannot be overridden: variants do not nest");
    if (of_variant.empty()) overridden(base, variant.set, of_variant, custom);
    for (const std::string& text : of_variant.texts())
      problems.add(path + ".set", "variant " + quoted(variant.name) + ": " + text);
  }
}

Plan parse(std::string_view text, std::string_view file_name, CustomPolicies custom,
           bool with_lines) {
  Problems problems(file_name);
  Plan plan;
  read_toml(text, plan_table(), &plan, problems, custom, with_lines);
  if (problems.empty()) check_rules(plan, problems);
  if (problems.empty()) check_variants(plan, problems, custom);
  problems.raise();
  return plan;
}

}  // namespace

Plan parse_plan(std::string_view text, std::string_view file_name, CustomPolicies custom) {
  return parse(text, file_name, custom, true);
}

void check_plan(const Plan& plan, std::string_view file_name, CustomPolicies custom) {
  parse(write_plan(plan), file_name, custom, false);
}

Plan with(const Plan& plan, std::string_view key, std::string_view value, CustomPolicies custom) {
  const Override change{std::string(key), std::string(value)};
  return with(plan, std::span(&change, 1), custom);
}

Plan with(const Plan& plan, std::span<const Override> overrides, CustomPolicies custom) {
  Problems problems("override");
  Plan changed = overridden(plan, overrides, problems, custom);
  if (problems.empty()) check_variants(changed, problems, custom);
  problems.raise();
  return changed;
}

Plan variant(const Plan& plan, std::string_view name, CustomPolicies custom) {
  std::vector<std::string_view> names;
  for (const VariantSpec& candidate : plan.variants) {
    names.push_back(candidate.name);
    if (candidate.name != name) continue;
    Plan base = plan;
    base.variants.clear();
    Plan changed = with(base, candidate.set, custom);
    changed.title += (changed.title.empty() ? "" : ": ") + candidate.name;
    return changed;
  }
  throw PlanError({"the plan has no variant " + quoted(name) + "; it has: " +
                   (names.empty() ? "none" : listed(std::span<const std::string_view>(names))) +
                   did_you_mean(name, names)});
}

}  // namespace poise::scenario
