// Binds plans, their topology and their schedule: the schema and its checks stay in C++.
#include <pybind11/numpy.h>
#include <pybind11/operators.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <numeric>
#include <string>
#include <vector>

#include "bindings/columns.h"
#include "bindings/convert.h"
#include "bindings/module.h"
#include "model/scenario/cuts.h"
#include "model/scenario/faults.h"
#include "model/scenario/plan.h"
#include "model/scenario/plan_toml.h"
#include "model/scenario/size_law.h"
#include "model/scenario/words.h"
#include "model/scenario/workload.h"

namespace py = pybind11;

namespace poise::python {
namespace {

using namespace scenario;
using Names = std::vector<std::string>;

void raise_plan_error(const PlanError& error) {
  const py::object type = py::module_::import("poise.errors").attr("PlanError");
  const py::object value = type(error.what(), py::arg("problems") = error.problems());
  PyErr_SetObject(type.ptr(), value.ptr());
}

py::dict faults_of(const Plan& plan) {
  const std::vector<FaultEvent> events = expand_faults(plan);
  py::dict table;
  table["at_ns"] = numbers<std::int64_t>(events, [](const auto& e) { return to_ns(e.at); });
  table["kind"] = words(events, [](const auto& e) { return to_string(e.kind); });
  table["target"] = words(events, [](const auto& e) { return std::string_view(e.target); });
  table["value"] = numbers<double>(events, [](const auto& e) { return e.value; });
  table["plan_fault"] = numbers<std::uint32_t>(events, [](const auto& e) { return e.plan_index; });
  table["ends"] = numbers<bool>(events, [](const auto& e) { return e.ends; });
  return table;
}

py::dict schedule_of(const Plan& plan) {
  if (plan.workload.arrivals != "open")
    throw py::value_error("only an open workload has a schedule; workload.arrivals is \"" +
                          plan.workload.arrivals + "\"");
  const auto clients =
      static_cast<std::uint32_t>(Topology(plan.topology).of_kind(NodeKind::client).size());
  std::vector<ScheduledFlow> flows;
  {
    const py::gil_scoped_release release;
    flows = schedule(plan, clients);
  }
  py::dict table;
  table["flow"] = numbers<std::uint32_t>(flows, [](const auto& f) { return f.flow; });
  table["start_ns"] = numbers<std::int64_t>(flows, [](const auto& f) { return to_ns(f.start); });
  table["client"] = numbers<std::uint32_t>(flows, [](const auto& f) { return f.client; });
  table["source_port"] = numbers<std::uint16_t>(flows, [](const auto& f) { return f.source_port; });
  table["vip"] = numbers<std::uint32_t>(flows, [](const auto& f) { return f.vip; });
  table["requests"] = numbers<std::uint32_t>(flows, [](const auto& f) { return f.sizes.size(); });
  table["bytes"] = numbers<std::int64_t>(flows, [](const auto& f) {
    return std::accumulate(f.sizes.begin(), f.sizes.end(), std::uint64_t{0});
  });
  return table;
}

void bind_plan(py::module_& module) {
  py::class_<Plan>(module, "Plan", "A checked plan: a value. poise.Plan is its face.")
      .def_static(
          "parse",
          [](const std::string& text, const std::string& name, const Names& custom_policies) {
            return parse_plan(text, name, custom_policies);
          },
          py::arg("text"), py::kw_only(), py::arg("name") = "plan",
          py::arg("custom_policies") = Names{},
          "The plan of a TOML text. `name` only stands in errors. Raises PlanError.")
      .def("to_toml", &write_plan, "Canonical TOML: what differs from the defaults.")
      .def(
          "replace",
          [](const Plan& plan, const std::string& key, const std::string& value,
             const Names& custom_policies) { return with(plan, key, value, custom_policies); },
          py::arg("key"), py::kw_only(), py::arg("value"), py::arg("custom_policies") = Names{},
          "A copy with one key changed; `value` is TOML text. Raises PlanError.")
      .def(
          "variant",
          [](const Plan& plan, const std::string& name, const Names& custom_policies) {
            return variant(plan, name, custom_policies);
          },
          py::arg("name"), py::kw_only(), py::arg("custom_policies") = Names{},
          "The plan with a variant's changes. Raises PlanError that lists the variants.")
      .def("value_of", &value_of, py::arg("key"),
           "The TOML text of a key's value. Raises PlanError.")
      .def("warnings", &warnings, "What a careful reader would ask, a line each.")
      .def("faults", &faults_of, "The timeline of faults, with the ends of those that last.")
      .def("schedule", &schedule_of, "The flows of an open workload, by start.")
      .def_property_readonly("variant_names",
                             [](const Plan& plan) {
                               Names names;
                               for (const VariantSpec& spec : plan.variants)
                                 names.push_back(spec.name);
                               return names;
                             })
      .def_readonly("title", &Plan::title)
      .def_readonly("seed", &Plan::seed)
      .def_readonly("run", &Plan::run)
      .def(py::self == py::self);
  module.def("describe_schema", &describe_schema, "Every key of a plan, as Markdown.");
}

py::dict nodes_of(const Topology& topology) {
  const auto& nodes = topology.nodes();
  py::dict table;
  table["name"] = words(nodes, [](const auto& n) { return std::string_view(n.name); });
  table["kind"] = words(nodes, [](const auto& n) { return to_string(n.kind); });
  table["index"] = numbers<std::uint32_t>(nodes, [](const auto& n) { return n.index; });
  table["spare"] = numbers<bool>(nodes, [](const auto& n) { return n.spare; });
  table["address"] = words(nodes, [](const auto& n) { return n.address.to_string(); });
  table["x"] = numbers<double>(nodes, [](const auto& n) { return n.x; });
  table["y"] = numbers<double>(nodes, [](const auto& n) { return n.y; });
  return table;
}

py::dict links_of(const Topology& topology) {
  const auto& links = topology.links();
  const auto name = [&](NodeId id) { return std::string_view(topology.nodes()[id].name); };
  py::dict table;
  table["name"] = words(links, [](const auto& l) { return std::string_view(l.name); });
  table["a"] = words(links, [&](const auto& l) { return name(l.a); });
  table["b"] = words(links, [&](const auto& l) { return name(l.b); });
  table["rate_bps"] = numbers<double>(links, [](const auto& l) { return l.spec.rate_bps; });
  table["delay_ns"] =
      numbers<std::int64_t>(links, [](const auto& l) { return l.spec.delay.count(); });
  table["queue_packets"] =
      numbers<std::uint32_t>(links, [](const auto& l) { return l.spec.queue_packets; });
  table["loss"] = numbers<double>(links, [](const auto& l) { return l.spec.loss; });
  return table;
}

// Everything but the spares and the named nodes and links.
Alive alive_without(const Topology& topology, const Names& without) {
  Alive alive = topology.alive_at_start();
  alive.nodes.resize(topology.nodes().size(), true);
  alive.links.resize(topology.links().size(), true);
  for (const std::string& name : without) {
    if (const auto node = topology.find_node(name))
      alive.nodes[*node] = false;
    else if (const auto link = topology.find_link(name))
      alive.links[*link] = false;
    else
      throw py::key_error("no node or link is called \"" + name + "\"");
  }
  return alive;
}

NodeId node_of(const Topology& topology, const std::string& name) {
  if (const auto node = topology.find_node(name)) return *node;
  throw py::key_error("no node is called \"" + name + "\"");
}

Names names_of(const Topology& topology, const std::vector<Part>& parts) {
  Names names;
  for (const Part& part : parts) names.emplace_back(name_of(topology, part));
  return names;
}

py::dict single_points_of(const Topology& topology) {
  const std::vector<SinglePoint> points = single_points(topology);
  py::dict table;
  table["name"] =
      words(points, [&](const auto& p) { return std::string_view(name_of(topology, p.part)); });
  table["clients_cut"] =
      numbers<std::uint32_t>(points, [](const auto& p) { return p.clients_cut; });
  table["backends_cut"] =
      numbers<std::uint32_t>(points, [](const auto& p) { return p.backends_cut; });
  return table;
}

void bind_topology(py::module_& module) {
  py::class_<Topology>(module, "Topology", "The graph of a plan: hosts, routers and links.")
      .def(py::init([](const Plan& plan) { return Topology(plan.topology); }), py::arg("plan"))
      .def("nodes", &nodes_of, "The nodes, one row each, as columns.")
      .def("links", &links_of, "The links, one row each, as columns.")
      .def("single_points", &single_points_of,
           "The parts whose failure alone takes service from clients, as columns.")
      .def(
          "cut_sets",
          [](const Topology& topology, std::size_t size_max) {
            std::vector<std::vector<Part>> sets;
            {
              const py::gil_scoped_release release;
              sets = cut_sets(topology, size_max);
            }
            std::vector<Names> named;
            for (const auto& parts : sets) named.push_back(names_of(topology, parts));
            return named;
          },
          py::arg("size_max"),
          "All minimal sets of at most `size_max` parts without which no client is served.")
      .def(
          "next_hops",
          [](const Topology& topology, const std::string& source, const std::string& target,
             const Names& without) {
            Names names;
            for (const Hop& hop :
                 topology.next_hops(node_of(topology, source), node_of(topology, target),
                                    alive_without(topology, without)))
              names.push_back(topology.nodes()[hop.node].name);
            return names;
          },
          py::arg("source"), py::kw_only(), py::arg("target"), py::arg("without") = Names{},
          "The neighbours of `source` on the equal-cost shortest ways to `target`.")
      .def(
          "clients_served",
          [](const Topology& topology, const Names& without) {
            return clients_served(topology, alive_without(topology, without));
          },
          py::kw_only(), py::arg("without") = Names{},
          "How many clients are served when these nodes and links are gone.");
}

}  // namespace

void bind_scenario(py::module_& module) {
  py::register_exception_translator([](std::exception_ptr pointer) {
    try {
      if (pointer) std::rethrow_exception(pointer);
    } catch (const PlanError& error) {
      raise_plan_error(error);
    }
  });
  bind_plan(module);
  bind_topology(module);
  module.def(
      "published_sizes",
      [](const std::string& name) {
        const auto points = published_points(name);
        py::array_t<double> out({static_cast<py::ssize_t>(points.size()), py::ssize_t{2}});
        double* cell = out.mutable_data();
        for (const auto& [bytes, percent] : points) {
          *cell++ = bytes;
          *cell++ = percent;
        }
        return out;
      },
      py::arg("name"),
      "The points (bytes, cumulative percent) of a published size law: float64[points, 2].");
}

}  // namespace poise::python
