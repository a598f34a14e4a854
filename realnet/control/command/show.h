// A daemon's answer, for people.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace poise::realnet {

// The outcome as a sentence, and the result as a table: of a list, a row an object; of an object, a
// line a key. What a terminal could take for a command of its own becomes '?'.
std::string show(const nlohmann::ordered_json& answer);

// The names of the objects in a result, one a line.
std::string show_names(const nlohmann::ordered_json& answer);

}  // namespace poise::realnet
