// The rooms of the module _poise: each binds one room of Poise, in order of dependency.
#pragma once

#include <pybind11/pybind11.h>

namespace poise::python {

void bind_base(pybind11::module_& module);

}  // namespace poise::python
