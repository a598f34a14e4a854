// The first half of reading a plan: TOML into members, with every key's type and range checked.
#pragma once

#include <string_view>

#include "model/scenario/plan.h"
#include "model/scenario/plan_toml.h"
#include "model/scenario/problems.h"

namespace poise::scenario {

// Sets what `text` gives; with_lines: problems (also later ones) get the line of their key.
void read_plan(std::string_view text, Plan& plan, Problems& problems, CustomPolicies custom,
               bool with_lines);

// Sets one key by its dotted path.
void apply_override(Plan& plan, const Override& change, Problems& problems, CustomPolicies custom);

}  // namespace poise::scenario
