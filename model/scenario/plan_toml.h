// Plans as TOML: read with every mistake named, written canonically, changed key by key.
//
// Files are the caller's matter: these functions take and give text.
#pragma once

#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "model/scenario/plan.h"

namespace poise::scenario {

// What is wrong with a plan. what() is the first problem, one line:
//   plan.toml:14: policy.kind is "magelv"; allowed: hash_mod_n, jump, ...; did you mean "maglev"?
class PlanError : public std::runtime_error {
 public:
  explicit PlanError(std::vector<std::string> problems);
  // All of them, one line each, in the order of their lines. Never empty.
  const std::vector<std::string>& problems() const { return problems_; }

 private:
  std::vector<std::string> problems_;
};

// Names that policy.kind may have beside policy::catalogue().
using CustomPolicies = std::span<const std::string>;

// The plan of a TOML text; `file_name` only appears in errors. Every variant is checked as well.
// Throws PlanError.
Plan parse_plan(std::string_view text, std::string_view file_name, CustomPolicies custom = {});

// Checks a plan that did not come from text: what parse_plan would say of write_plan(plan), with
// `file_name` and without lines. Throws PlanError.
void check_plan(const Plan& plan, std::string_view file_name = "plan", CustomPolicies custom = {});

// Canonical TOML: what differs from the defaults, and always title and seed, in the schema's order.
// parse_plan(write_plan(plan)) == plan for every plan that check_plan accepts.
std::string write_plan(const Plan& plan);

// The plan with one key changed: key "policy.kind", value "\"maglev\"" (TOML). An element of a list
// of tables is named by its place from 0: "fault.0.lasts_s"; a whole list is a value too: "fault"
// and "[]". Same checks as parse_plan. Throws PlanError.
Plan with(const Plan& plan, std::string_view key, std::string_view value,
          CustomPolicies custom = {});

// The same for several keys, checked after the last.
Plan with(const Plan& plan, std::span<const Override> overrides, CustomPolicies custom = {});

// The plan with a variant's overrides applied, its title extended by the variant's name, and
// without variants. Throws PlanError that names the variants when there is none of this name.
Plan variant(const Plan& plan, std::string_view name, CustomPolicies custom = {});

// The TOML text of one key's value: value_of(plan, "policy.kind") == "\"maglev\"". A table or a
// list of tables comes as an inline table or array of them, defaults included. Throws PlanError for
// an unknown key.
std::string value_of(const Plan& plan, std::string_view key);

// Every key with its type, unit, default, allowed values and meaning: Markdown, one table a
// section.
std::string describe_schema();

}  // namespace poise::scenario
