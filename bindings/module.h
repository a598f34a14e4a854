// The rooms of the module _poise: each binds one room of Poise, in order of dependency.
#pragma once

#include <pybind11/pybind11.h>

namespace poise::python {

void bind_base(pybind11::module_& module);
void bind_scenario(pybind11::module_& module);
void bind_result(pybind11::module_& module);
void bind_sim_ns3(pybind11::module_& module);  // nothing in a build without ns-3

}  // namespace poise::python
