// Binds the backend set: who may be chosen, and why not.
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <string>

#include "bindings/backend_table.h"
#include "bindings/columns.h"
#include "bindings/convert.h"
#include "bindings/module.h"
#include "model/backend/backend_set.h"

namespace py = pybind11;

namespace poise::python {

py::dict backends_of(const BackendSet& set) {
  const auto names = set.by_name();
  py::dict table;
  table["name"] = words(names, [&](BackendIndex i) { return std::string_view(set[i].name); });
  table["index"] = numbers<std::uint16_t>(names, [](BackendIndex i) { return i; });
  table["address"] = words(names, [&](BackendIndex i) { return set[i].address.to_string(); });
  table["weight"] = numbers<std::uint32_t>(names, [&](BackendIndex i) { return set[i].weight; });
  table["state"] = words(names, [&](BackendIndex i) { return to_string(set[i].state); });
  table["since_ns"] =
      numbers<std::int64_t>(names, [&](BackendIndex i) { return to_ns(set[i].since); });
  return table;
}

namespace {

const Backend& backend_of(const BackendSet& set, const std::string& name) {
  if (const Backend* backend = set.find(name)) return *backend;
  throw py::key_error("no backend is called \"" + name + "\"");
}

BackendSign sign_of(const std::string& word) {
  std::string known;
  for (std::size_t i = 0; i < kBackendSignCount; ++i) {
    const auto sign = static_cast<BackendSign>(i);
    if (to_string(sign) == word) return sign;
    known += (i ? ", " : "") + std::string(to_string(sign));
  }
  throw py::value_error("sign is \"" + word + "\"; allowed: " + known);
}

void add(BackendSet& set, const std::string& name, py::handle address, std::uint32_t weight,
         double now_s) {
  switch (set.add(instant_of(now_s), name, address_of(address), weight).outcome) {
    case BackendSet::AddOutcome::ok:
      return;
    case BackendSet::AddOutcome::duplicate_name:
      throw py::value_error("there is a backend " + name + " already");
    case BackendSet::AddOutcome::full:
      throw py::value_error("the set is full: " + std::to_string(set.size()) + " backends");
    case BackendSet::AddOutcome::bad_name:
      throw py::value_error("\"" + name + "\" is no name: 1 to 64 of A-Z a-z 0-9 . _ -");
    case BackendSet::AddOutcome::bad_weight:
      throw py::value_error("weight is " + std::to_string(weight) + "; allowed: 1 to 65535");
  }
}

}  // namespace

void bind_backend(py::module_& module) {
  py::class_<BackendSet>(
      module, "BackendSet",
      "The backends of a balancer and their states: registering, active, draining,\n"
      "paused, down.")
      .def(py::init([](std::uint32_t count_max, double slow_start_s) {
             return BackendSet({count_max, duration_of(slow_start_s, "slow_start_s")});
           }),
           py::kw_only(), py::arg("count_max") = 4096, py::arg("slow_start_s") = 0.0)
      .def("add", &add, py::arg("name"), py::kw_only(), py::arg("address"), py::arg("weight") = 1,
           py::arg("now_s") = 0.0,
           "Adds a backend, which is `registering` then. Raises ValueError.")
      .def(
          "apply",
          [](BackendSet& set, const std::string& name, const std::string& sign, double now_s) {
            const Backend& backend = backend_of(set, name);
            return std::string(
                to_string(set.apply(instant_of(now_s), backend.ref, sign_of(sign)).to));
          },
          py::arg("name"), py::kw_only(), py::arg("sign"), py::arg("now_s") = 0.0,
          "Applies a sign (proved, pause, drain, drained, resume, lost, returned) and gives the "
          "state\n"
          "after it; a sign that makes no sense in a state changes nothing. Raises KeyError, "
          "ValueError.")
      .def(
          "remove",
          [](BackendSet& set, const std::string& name) {
            static_cast<void>(set.remove(backend_of(set, name).ref));
          },
          py::arg("name"), "Raises KeyError.")
      .def("table", &backends_of, "One row a backend, by name, as columns.")
      .def(
          "candidates",
          [](const BackendSet& set) {
            py::list names;
            for (const auto& candidate : set.candidates()) names.append(candidate.name);
            return names;
          },
          "The names of the backends that may be chosen.")
      .def("__len__", &BackendSet::size)
      .def_property_readonly("digest", &BackendSet::digest, "A hash of its state.");
}

}  // namespace poise::python
