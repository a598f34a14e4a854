// The module _poise: private; the typed package poise is its face.
#include "bindings/module.h"

PYBIND11_MODULE(_poise, module) {
  module.doc() = "The compiled half of Poise. Import poise instead.";
  poise::python::bind_base(module);
  poise::python::bind_scenario(module);
  poise::python::bind_result(module);
  poise::python::bind_sim_ns3(module);
}
