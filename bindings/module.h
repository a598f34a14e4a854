// The rooms of the module _poise: each binds one room of Poise, in order of dependency.
#pragma once

#include <pybind11/pybind11.h>

#include <string>
#include <vector>

#include "model/balancer/config.h"

namespace poise::python {

void bind_base(pybind11::module_& module);
void bind_wire(pybind11::module_& module);
void bind_flow(pybind11::module_& module);
void bind_policy(pybind11::module_& module);
void bind_backend(pybind11::module_& module);
void bind_balancer(pybind11::module_& module);
void bind_agent(pybind11::module_& module);
void bind_scenario(pybind11::module_& module);
void bind_analysis(pybind11::module_& module);
void bind_result(pybind11::module_& module);
void bind_run_errors(pybind11::module_& module);
void bind_sim_ns3(pybind11::module_& module);  // nothing in a build without ns-3
// Nothing in a build without realnet.
void bind_realnet_lab(pybind11::module_& module);
void bind_realnet_replay(pybind11::module_& module);

// Words of a configuration. Throw ValueError that lists what is allowed.
FlowFields flow_fields_of(const std::string& name);
std::vector<Vip> vips_of(const pybind11::iterable& vips);  // of (address, port, "tcp" | "udp")

}  // namespace poise::python
