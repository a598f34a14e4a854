// Binds the built-in policies: rebuilt from names, choosing for whole arrays of hashes.
#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "bindings/columns.h"
#include "bindings/module.h"
#include "model/policy/maglev.h"
#include "model/policy/policy.h"

namespace py = pybind11;

namespace poise::python {
namespace {

using policy::Candidate;
using Hashes = py::array_t<std::uint64_t, py::array::c_style | py::array::forcecast>;
using Counts = py::array_t<std::uint32_t, py::array::c_style | py::array::forcecast>;

constexpr std::int32_t column_of(BackendIndex index) {
  return index == kNoBackend ? -1 : static_cast<std::int32_t>(index);
}

// A built-in policy with its candidates. Backends are named by their place in what was given.
class BuiltInPolicy {
 public:
  explicit BuiltInPolicy(const policy::Config& config)
      : kind_(config.kind), policy_(policy::make(config)), rng_(config.seed) {}

  void rebuild(const std::vector<std::string>& names, const std::vector<std::uint32_t>& weights) {
    if (names.size() >= kNoBackend) throw py::value_error("more than 65,534 backends");
    if (!weights.empty() && weights.size() != names.size())
      throw py::value_error("weights must be as many as names");
    std::vector<Candidate> candidates;
    for (std::size_t i = 0; i < names.size(); ++i) {
      const std::uint32_t weight = weights.empty() ? 1 : weights[i];
      if (weight == 0)
        throw py::value_error("the weight of " + names[i] + " is 0; it must be at least 1");
      candidates.push_back(
          {.index = static_cast<BackendIndex>(i), .weight = weight, .name = names[i]});
    }
    std::sort(candidates.begin(), candidates.end(),
              [](const auto& a, const auto& b) { return a.name < b.name; });
    const auto twin =
        std::adjacent_find(candidates.begin(), candidates.end(),
                           [](const auto& a, const auto& b) { return a.name == b.name; });
    if (twin != candidates.end()) throw py::value_error("two backends are called " + twin->name);
    count_ = names.size();
    const py::gil_scoped_release release;
    policy_->rebuild(candidates);
  }

  py::array_t<std::int32_t> choose(const Hashes& hashes, const std::optional<Counts>& flow_counts) {
    if (hashes.ndim() != 1) throw py::value_error("flow_hashes must have one dimension");
    if (flow_counts && static_cast<std::size_t>(flow_counts->size()) != count_)
      throw py::value_error("flow_counts must have one number a backend");
    std::vector<std::uint32_t> counts(count_);
    if (flow_counts) std::copy_n(flow_counts->data(), count_, counts.begin());
    py::array_t<std::int32_t> choices(hashes.size());
    std::int32_t* out = choices.mutable_data();
    const std::span in(hashes.data(), static_cast<std::size_t>(hashes.size()));
    const py::gil_scoped_release release;
    for (const std::uint64_t hash : in) *out++ = column_of(policy_->choose(hash, counts, rng_));
    return choices;
  }

  py::array_t<std::int32_t> table() const {
    const auto* maglev = dynamic_cast<const policy::Maglev*>(policy_.get());
    if (!maglev) throw py::attribute_error("the policy " + kind_ + " has no table");
    const auto slots = maglev->table();
    return numbers<std::int32_t>(slots, column_of);
  }

  const std::string& kind() const { return kind_; }
  bool is_consistent() const { return policy_->is_consistent(); }
  std::uint64_t digest() const { return policy_->digest(); }

 private:
  std::string kind_;
  std::unique_ptr<policy::Policy> policy_;
  Rng rng_;
  std::size_t count_ = 0;
};

}  // namespace

void bind_policy(py::module_& module) {
  py::class_<BuiltInPolicy>(
      module, "BuiltInPolicy",
      "One of the built-in policies. Backends are numbered by their place in the\n"
      "names that `rebuild` was given; what is consistent hangs on the names alone.")
      .def(py::init([](const std::string& kind, std::uint32_t table_size,
                       std::uint32_t virtual_nodes, std::uint64_t seed) {
             return std::make_unique<BuiltInPolicy>(
                 policy::Config{kind, table_size, virtual_nodes, seed});
           }),
           py::arg("kind"), py::kw_only(), py::arg("table_size") = 65537,
           py::arg("virtual_nodes") = 100, py::arg("seed") = 0,
           "kind: one of `policies()`. table_size: of Maglev, a prime. virtual_nodes: of the ring, "
           "a\n"
           "unit of weight. Raises ValueError that names what is allowed.")
      .def("rebuild", &BuiltInPolicy::rebuild, py::arg("names"), py::kw_only(),
           py::arg("weights") = std::vector<std::uint32_t>{},
           "The backends that may be chosen from now on; weights are 1 unless given. Raises "
           "ValueError.")
      .def("choose", &BuiltInPolicy::choose, py::arg("flow_hashes"), py::kw_only(),
           py::arg("flow_counts") = py::none(),
           "The backend of each flow: int32[n] for flow_hashes uint64[n]; -1 without backends.\n"
           "flow_counts uint32[backends]: live flows, for the policies that look at them.")
      .def_property_readonly("table", &BuiltInPolicy::table,
                             "Maglev's table: the backend of every slot, int32[table_size].")
      .def_property_readonly("kind", &BuiltInPolicy::kind)
      .def_property_readonly("is_consistent", &BuiltInPolicy::is_consistent,
                             "True when balancers with equal membership agree without talking.")
      .def_property_readonly("digest", &BuiltInPolicy::digest, "A hash of its state.");
  module.def(
      "policies",
      [] {
        py::dict kinds;
        for (const policy::Entry& entry : policy::catalogue())
          kinds[py::str(entry.kind.data(), entry.kind.size())] = std::string(entry.summary);
        return kinds;
      },
      "{kind: summary} of every built-in policy, sorted by kind.");
}

}  // namespace poise::python
