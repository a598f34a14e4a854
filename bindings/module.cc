// The module _poise: private; the typed package poise is its face.
#include "bindings/module.h"

PYBIND11_MODULE(_poise, module) {
  module.doc() = "The compiled half of Poise. Import poise instead.";
  poise::python::bind_base(module);
  poise::python::bind_wire(module);
  poise::python::bind_flow(module);
  poise::python::bind_policy(module);
  poise::python::bind_backend(module);
  poise::python::bind_balancer(module);
  poise::python::bind_agent(module);
  poise::python::bind_scenario(module);
  poise::python::bind_analysis(module);
  poise::python::bind_result(module);
  poise::python::bind_run_errors(module);
  poise::python::bind_sim_ns3(module);
  poise::python::bind_realnet_lab(module);
  poise::python::bind_realnet_replay(module);
}
