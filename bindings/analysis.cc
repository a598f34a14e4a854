// Binds what can be computed: disruption, evenness, availability, confidence intervals.
#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <limits>
#include <string>
#include <tuple>
#include <vector>

#include "bindings/columns.h"
#include "bindings/module.h"
#include "model/analysis/availability.h"
#include "model/analysis/disruption.h"
#include "model/analysis/statistics.h"

namespace py = pybind11;

namespace poise::python {
namespace {

using namespace analysis;
using Samples = py::array_t<double, py::array::c_style | py::array::forcecast>;
using Bounds = std::tuple<double, double, double>;  // mean, low, high

Bounds bounds_of(const Interval& interval) {
  return {interval.mean, interval.low, interval.high};
}

void check_level(double level) {
  if (!(level > 0 && level < 1))
    throw py::value_error("level is " + std::to_string(level) +
                          "; it must lie between 0 and 1, such as 0.95");
}

Bounds mean_bounds(const Samples& samples, double level) {
  check_level(level);
  if (samples.ndim() != 1 || samples.size() == 0)
    throw py::value_error("samples must be a filled row of numbers");
  return bounds_of(
      mean_interval({samples.data(), static_cast<std::size_t>(samples.size())}, level));
}

Bounds share_bounds(std::uint64_t successes, std::uint64_t trials, double level) {
  check_level(level);
  if (successes > trials)
    throw py::value_error(std::to_string(successes) + " successes of " + std::to_string(trials) +
                          " trials");
  return bounds_of(wilson_interval(successes, trials, level));
}

py::dict dict_of(const Availability& a) {
  using namespace py::literals;
  return py::dict("availability"_a = a.availability, "lost_requests"_a = a.lost_requests,
                  "working_servers"_a = a.working_servers,
                  "outages_per_year"_a = a.outages_per_year, "outage_s"_a = a.outage_s,
                  "time_to_first_outage_s"_a = a.time_to_first_outage_s);
}

Service service_of(std::uint32_t servers, std::uint32_t needed, double time_to_failure_s,
                   double detection_s, double repair_s, std::uint32_t repair_crews) {
  return {servers, needed, time_to_failure_s, detection_s, repair_s, repair_crews};
}

py::dict simulate(const Service& service, double duration_s, std::uint32_t batches,
                  const std::string& detection, std::uint64_t seed) {
  using namespace py::literals;
  if (detection != "exponential" && detection != "fixed")
    throw py::value_error("detection is \"" + detection + "\"; allowed: exponential, fixed");
  const AvailabilityRun run{duration_s, batches,
                            detection == "fixed" ? DetectionLaw::fixed : DetectionLaw::exponential,
                            seed};
  AvailabilityEstimate estimate;
  {
    const py::gil_scoped_release release;
    estimate = simulate_availability(service, run);
  }
  return py::dict("availability"_a = bounds_of(estimate.availability),
                  "lost_requests"_a = bounds_of(estimate.lost_requests),
                  "working_servers"_a = bounds_of(estimate.working_servers),
                  "outages"_a = estimate.outages, "events"_a = estimate.events);
}

py::dict disruption_of(const std::string& kind, std::uint32_t table_size,
                       std::uint32_t virtual_nodes, std::uint32_t backends, std::uint32_t failures,
                       std::uint32_t repeats, std::uint64_t seed, std::uint32_t flow_count) {
  DisruptionSetting setting;
  setting.policy = {kind, table_size, virtual_nodes, 0};
  setting.backends = backends;
  setting.failures = failures;
  setting.repeats = repeats;
  setting.seed = seed;
  setting.flow_count = flow_count;
  std::vector<Change> changes;
  {
    const py::gil_scoped_release release;
    changes = disruption(setting);
  }
  py::dict table;
  table["changed"] = numbers<double>(changes, [](const Change& change) { return change.changed; });
  table["excess"] = numbers<double>(changes, [](const Change& change) { return change.excess; });
  return table;
}

py::array_t<double> overprovision_of(const std::string& kind, std::uint32_t table_size,
                                     std::uint32_t virtual_nodes, std::uint32_t backends,
                                     std::uint32_t repeats, std::uint64_t seed,
                                     std::uint32_t flow_count, std::uint32_t views) {
  OverprovisionSetting setting;
  setting.policy = {kind, table_size, virtual_nodes, 0};
  setting.backends = backends;
  setting.repeats = repeats;
  setting.seed = seed;
  setting.flow_count = flow_count;
  setting.views = views;
  std::vector<double> values;
  {
    const py::gil_scoped_release release;
    values = overprovision(setting);
  }
  return array_of(std::span<const double>(values));
}

void bind_availability(py::module_& module) {
  py::class_<Service>(
      module, "Service",
      "A service of equal servers behind a balancer: each fails, is noticed late, and is\n"
      "repaired. Times are means in seconds; repair_crews 0 means one for everyone.")
      .def(py::init(&service_of), py::kw_only(), py::arg("servers") = 3, py::arg("needed") = 2,
           py::arg("time_to_failure_s") = 1e6, py::arg("detection_s") = 1.0,
           py::arg("repair_s") = 3600.0, py::arg("repair_crews") = 0)
      .def(
          "availability", [](const Service& service) { return dict_of(availability(service)); },
          "By the Markov chain (sparse LU): availability, lost_requests, working_servers,\n"
          "outages_per_year, outage_s, time_to_first_outage_s. Raises ValueError.")
      .def(
          "availability_in_closed_form",
          [](const Service& service) { return dict_of(availability_in_closed_form(service)); },
          "The same where servers are independent: a repair crew for everyone. Raises ValueError.")
      .def("simulate", &simulate, py::kw_only(), py::arg("duration_s") = 1e9,
           py::arg("batches") = 30, py::arg("detection") = "exponential", py::arg("seed") = 1,
           "Event by event, (mean, low, high) with 95 % intervals by batch means: availability,\n"
           "lost_requests, working_servers; and outages, events. Raises ValueError.");
}

}  // namespace

void bind_analysis(py::module_& module) {
  bind_availability(module);
  module.def("mean_interval", &mean_bounds, py::arg("samples"), py::kw_only(),
             py::arg("level") = 0.95, "(mean, low, high) of independent samples, by Student's t.");
  module.def("wilson_interval", &share_bounds, py::arg("successes"), py::kw_only(),
             py::arg("trials"), py::arg("level") = 0.95,
             "(share, low, high), by Wilson's score interval.");
  module.def(
      "disruption", &disruption_of, py::arg("kind"), py::kw_only(), py::arg("table_size") = 65537,
      py::arg("virtual_nodes") = 100, py::arg("backends") = 1000, py::arg("failures") = 1,
      py::arg("repeats") = 200, py::arg("seed") = 1, py::arg("flow_count") = 65537,
      "The Maglev paper's Fig. 12: of `backends`, `failures` fail at once. Shares of all flows, "
      "one\n"
      "a repeat: changed (another owner), excess (whose owner is still there). Raises ValueError.");
  module.def(
      "overprovision", &overprovision_of, py::arg("kind"), py::kw_only(),
      py::arg("table_size") = 65537, py::arg("virtual_nodes") = 100, py::arg("backends") = 1000,
      py::arg("repeats") = 10, py::arg("seed") = 1, py::arg("flow_count") = 65537,
      py::arg("views") = 1000,
      "The Maglev paper's Fig. 11: the fullest backend over the mean, less one: float64[repeats].\n"
      "kind \"karger\" (with `views`) is the paper's other yardstick. Raises ValueError.");
}

}  // namespace poise::python
