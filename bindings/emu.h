// Where the two worlds meet: the lab's hosts, and ns-3's network in real time between them.
#pragma once

#if defined(POISE_WORLD_NS3) && defined(POISE_WORLD_LAB)
#include "model/scenario/plan.h"
#include "realnet/lab/fabric.h"

namespace poise::python {

// Carries a plan's packets until the lab wants no more of it; for LabOptions::fabric.
void carry(const scenario::Plan& plan, realnet::lab::Fabric& fabric);

}  // namespace poise::python
#endif
