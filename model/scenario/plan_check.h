// What a plan must satisfy beyond the type and range of each key; called by the reader.
#pragma once

#include "model/scenario/plan.h"
#include "model/scenario/problems.h"

namespace poise::scenario {

// Adds every problem with the key it stands at. Variants are not looked at.
// REQUIRES: each key has its schema's type and range.
void check_topology(const Plan& plan, Problems& problems);
void check_service(const Plan& plan, Problems& problems);
void check_policy(const Plan& plan, Problems& problems);
void check_workload(const Plan& plan, Problems& problems);
void check_replication(const Plan& plan, Problems& problems);
void check_faults(const Plan& plan, Problems& problems);
void check_measures(const Plan& plan, Problems& problems);

}  // namespace poise::scenario
