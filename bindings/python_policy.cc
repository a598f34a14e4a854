// Lends the machines' questions to a Python object, and holds its answers to the contract.
#include "bindings/python_policy.h"

#include <pybind11/stl.h>

#include <algorithm>
#include <string>

#include "bindings/columns.h"
#include "model/hash.h"

namespace py = pybind11;

namespace poise::python {

PythonPolicy::PythonPolicy(py::object object, OnPolicyError on_error)
    : object_(std::move(object)),
      on_error_(std::move(on_error)),
      is_consistent_(py::getattr(object_, "is_consistent", py::bool_(false)).cast<bool>()) {}

PythonPolicy::~PythonPolicy() {
  const py::gil_scoped_acquire gil;
  object_ = py::object();
  flow_counts_ = py::array_t<std::uint32_t>();
}

void PythonPolicy::rebuild(std::span<const policy::Candidate> candidates) {
  const py::gil_scoped_acquire gil;
  Digest digest;
  indexes_.clear();
  for (const policy::Candidate& candidate : candidates) {
    indexes_.push_back(candidate.index);
    digest.add(candidate.index).add(candidate.weight).add(candidate.name);
  }
  std::sort(indexes_.begin(), indexes_.end());
  digest_ = digest.value();
  try {
    const py::object type = py::module_::import("poise.policy").attr("Candidate");
    py::list list;
    for (const policy::Candidate& candidate : candidates)
      list.append(type(py::arg("index") = candidate.index, py::arg("weight") = candidate.weight,
                       py::arg("name") = candidate.name));
    object_.attr("rebuild")(py::tuple(list));
  } catch (py::error_already_set& error) {
    on_error_(error);
  }
}

BackendIndex PythonPolicy::checked(py::handle choice) const {
  if (choice.is_none()) return kNoBackend;
  py::ssize_t index = -1;
  if (py::isinstance<py::int_>(choice) || PyIndex_Check(choice.ptr()))
    index = PyNumber_AsSsize_t(choice.ptr(), nullptr);
  if (index >= 0 && index < kNoBackend &&
      std::binary_search(indexes_.begin(), indexes_.end(), static_cast<BackendIndex>(index)))
    return static_cast<BackendIndex>(index);
  const auto name = py::type::of(object_).attr("__name__").cast<std::string>();
  const py::object known = py::cast(indexes_);
  PyErr_SetString(PyExc_ValueError,
                  (name + ".choose gave " + py::repr(choice).cast<std::string>() +
                   "; the candidates' indexes are " + py::repr(known).cast<std::string>())
                      .c_str());
  throw py::error_already_set();
}

BackendIndex PythonPolicy::choose(std::uint64_t flow_hash,
                                  std::span<const std::uint32_t> flow_counts, Rng&) noexcept {
  const py::gil_scoped_acquire gil;
  try {
    if (flow_counts_.size() != static_cast<py::ssize_t>(flow_counts.size()))
      flow_counts_ = array_of(flow_counts);
    else
      std::copy(flow_counts.begin(), flow_counts.end(), flow_counts_.mutable_data());
    return checked(object_.attr("choose")(flow_hash, flow_counts_));
  } catch (py::error_already_set& error) {
    on_error_(error);
    return kNoBackend;
  }
}

std::unique_ptr<policy::Policy> make_policy(const py::dict& classes, const policy::Config& config,
                                            const OnPolicyError& on_error) {
  const py::str kind(config.kind);
  if (!classes.contains(kind)) return policy::make(config);
  return std::make_unique<PythonPolicy>(classes[kind](), on_error);
}

}  // namespace poise::python
