// Binds the lab: a run on real packets, in an enclosure of its own, watched without holding the
// GIL.
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <functional>
#include <string>
#include <utility>

#include "bindings/emu.h"
#include "bindings/module.h"
#include "bindings/watch.h"
#include "model/scenario/plan.h"
#include "model/scenario/result.h"

#ifdef POISE_WORLD_LAB
#include "realnet/lab/run.h"
#endif

namespace py = pybind11;

namespace poise::python {

#ifdef POISE_WORLD_LAB
namespace {

scenario::RunResult run(const scenario::Plan& plan, py::object progress, py::object cancelled,
                        const std::string& daemon, const std::string& files_folder,
                        std::function<void(realnet::lab::Fabric&)> fabric) {
  Watch watch(std::move(progress), std::move(cancelled));
  realnet::lab::LabOptions options;
  options.daemon = daemon;
  options.files_folder = files_folder;
  options.on_progress = [&](double fraction) { watch.on_progress(fraction); };
  options.cancelled = [&] { return watch.is_cancelled(); };
  options.fabric = std::move(fabric);
  try {
    const py::gil_scoped_release release;
    return realnet::lab::run(plan, options);
  } catch (const scenario::Cancelled&) {
    watch.rethrow();
    throw;
  }
}

scenario::RunResult run_lab(const scenario::Plan& plan, py::object progress, py::object cancelled,
                            const std::string& daemon, const std::string& files_folder) {
  return run(plan, std::move(progress), std::move(cancelled), daemon, files_folder, {});
}

#ifdef POISE_WORLD_NS3
scenario::RunResult run_emu(const scenario::Plan& plan, py::object progress, py::object cancelled,
                            const std::string& daemon, const std::string& files_folder) {
  return run(plan, std::move(progress), std::move(cancelled), daemon, files_folder,
             [&plan](realnet::lab::Fabric& fabric) { carry(plan, fabric); });
}

void bind_emu(py::module_& module) {
  module.def("run_emu", &run_emu, py::arg("plan"), py::kw_only(), py::arg("progress") = py::none(),
             py::arg("cancelled") = py::none(), py::arg("daemon") = "poised",
             py::arg("files_folder") = "",
             "Like run_lab, with ns-3 in real time between the hosts.");
}
#else
void bind_emu(py::module_&) {}
#endif

}  // namespace

void bind_realnet_lab(py::module_& module) {
  bind_emu(module);
  module.def("run_lab", &run_lab, py::arg("plan"), py::kw_only(), py::arg("progress") = py::none(),
             py::arg("cancelled") = py::none(), py::arg("daemon") = "poised",
             py::arg("files_folder") = "",
             "Runs a plan on real packets, in real time; needs root. `progress(fraction)` at most "
             "20 times a\n"
             "second; `cancelled()` at least every 100 ms. `daemon`: the program poised. Raises "
             "RunError,\n"
             "Cancelled, ValueError for a plan that the lab does not carry out.");
}
#else
void bind_realnet_lab(py::module_&) {}
#endif

}  // namespace poise::python
