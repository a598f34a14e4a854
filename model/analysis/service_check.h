// What a Service may be: refused by key, value and what is allowed.
#pragma once

#include "model/analysis/availability.h"

namespace poise::analysis {

// Throws std::invalid_argument.
void check(const Service& service);

}  // namespace poise::analysis
