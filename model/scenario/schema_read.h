// TOML into the members of a struct that a Table describes, with every key's type and range
// checked: of plans, and of whoever else has a schema.
#pragma once

#include <string_view>

#include "model/scenario/plan_toml.h"
#include "model/scenario/problems.h"
#include "model/scenario/schema.h"

namespace poise::scenario {

// Sets what `text` gives in `object`, which `table` describes; with_lines: problems (also later
// ones) get the line of their key.
void read_toml(std::string_view text, const Table& table, void* object, Problems& problems,
               CustomPolicies custom, bool with_lines);

// Sets one key by its dotted path.
void apply_override(const Table& table, void* object, const Override& change, Problems& problems,
                    CustomPolicies custom);

}  // namespace poise::scenario
