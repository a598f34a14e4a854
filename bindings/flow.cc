// Binds flow keys and their hashes.
#include <pybind11/operators.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <string>

#include "bindings/convert.h"
#include "bindings/module.h"
#include "model/flow/flow_key.h"
#include "model/hash.h"
#include "model/wire/datagram.h"

namespace py = pybind11;

namespace poise::python {

FlowFields flow_fields_of(const std::string& name) {
  if (const auto fields = parse_flow_fields(name)) return *fields;
  throw py::value_error("fields is \"" + name + "\"; allowed: 3, 4, 5, caplance");
}

void bind_flow(py::module_& module) {
  py::class_<FlowKey>(module, "FlowKey",
                      "The five fields that name a flow, the client's side first.")
      .def(py::init([](py::handle source, std::uint16_t source_port, py::handle destination,
                       std::uint16_t destination_port, std::uint8_t protocol) {
             return FlowKey{address_of(source), address_of(destination), source_port,
                            destination_port, protocol};
           }),
           py::kw_only(), py::arg("source"), py::arg("source_port"), py::arg("destination"),
           py::arg("destination_port"), py::arg("protocol") = 6)
      .def_readonly("source", &FlowKey::source)
      .def_readonly("source_port", &FlowKey::source_port)
      .def_readonly("destination", &FlowKey::destination)
      .def_readonly("destination_port", &FlowKey::destination_port)
      .def_readonly("protocol", &FlowKey::protocol)
      .def(py::self == py::self)
      .def("__hash__",
           [](const FlowKey& key) { return static_cast<Py_hash_t>(FlowHasher()(key) >> 2); })
      .def("__repr__", [](const FlowKey& key) {
        return "<poise.FlowKey " + Endpoint{key.source, key.source_port}.to_string() + " > " +
               Endpoint{key.destination, key.destination_port}.to_string() + " protocol " +
               std::to_string(key.protocol) + ">";
      });
  module.def(
      "key_of", [](const wire::Datagram& datagram) { return key_of(datagram); },
      py::arg("datagram"),
      "The flow a datagram belongs to; an ICMP error belongs to the flow it is about.");
  py::class_<FlowHasher>(module, "FlowHasher",
                         "A 64-bit hash of chosen fields of a flow key under a seed.")
      .def(py::init([](const std::string& fields, std::uint64_t seed) {
             return FlowHasher(flow_fields_of(fields), seed);
           }),
           py::arg("fields") = "5", py::kw_only(), py::arg("seed") = 0,
           "fields: \"3\" (addresses, protocol), \"4\" (addresses, ports), \"5\" (all), "
           "\"caplance\".")
      .def("__call__", &FlowHasher::operator(), py::arg("key"), "The hash, an integer of 64 bits.")
      .def_property_readonly("fields",
                             [](const FlowHasher& hasher) { return to_string(hasher.fields()); });
}

}  // namespace poise::python
