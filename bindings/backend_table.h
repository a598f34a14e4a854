// A backend set as a table, for the rooms that show theirs.
#pragma once

#include <pybind11/pybind11.h>

#include "model/backend/backend_set.h"

namespace poise::python {

// One row a backend, by name, as columns.
pybind11::dict backends_of(const BackendSet& set);

}  // namespace poise::python
