// Binds the ns-3 world: a run is a freshly forked child, watched without holding the GIL.
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <cstdlib>
#include <string>

#include "bindings/module.h"
#include "bindings/python_policy.h"
#include "bindings/watch.h"
#include "model/scenario/plan.h"
#include "model/scenario/result.h"

#ifdef POISE_WORLD_NS3
#include "sim/ns3/run.h"
#endif

namespace py = pybind11;

namespace poise::python {

#ifdef POISE_WORLD_NS3
namespace {

// In the child: hands a Python policy's exception over and ends the process, since no policy may
// throw. REQUIRES: the GIL.
[[noreturn]] void give_up(const py::object& leave, py::error_already_set& error) {
  constexpr int kPolicyFailed = 70;  // EX_SOFTWARE
  try {
    if (error.trace()) PyException_SetTraceback(error.value().ptr(), error.trace().ptr());
    leave(error.value());
  } catch (py::error_already_set&) {
    std::_Exit(kPolicyFailed + 1);
  }
  std::_Exit(kPolicyFailed);
}

// The fork of a Python process: the interpreter's own locks are put in order on both sides. The
// child keeps the GIL: it has no other thread.
ns3world::ForkHooks fork_hooks(PyGILState_STATE& gil) {
  return {.before =
              [&gil] {
                gil = PyGILState_Ensure();
                PyOS_BeforeFork();
              },
          .in_parent =
              [&gil] {
                PyOS_AfterFork_Parent();
                PyGILState_Release(gil);
              },
          .in_child = [] { PyOS_AfterFork_Child(); }};
}

scenario::RunResult run(const scenario::Plan& plan, py::object progress, py::object cancelled,
                        const py::dict& policies, const py::object& leave,
                        const std::string& files_folder) {
  Watch watch(std::move(progress), std::move(cancelled));
  ns3world::RunOptions options;
  options.files_folder = files_folder;
  options.on_progress = [&](double fraction) { watch.on_progress(fraction); };
  options.cancelled = [&] { return watch.is_cancelled(); };
  if (!policies.empty())
    options.make_policy = [&](const policy::Config& config) {
      const py::gil_scoped_acquire gil;
      const auto on_error = [&leave](py::error_already_set& error) { give_up(leave, error); };
      try {
        return make_policy(policies, config, on_error);
      } catch (py::error_already_set& error) {
        give_up(leave, error);
      }
    };
  PyGILState_STATE gil{};
  try {
    const py::gil_scoped_release release;
    return run_forked(plan, options, fork_hooks(gil));
  } catch (const scenario::Cancelled&) {
    watch.rethrow();
    throw;
  } catch (const scenario::RunError&) {
    watch.rethrow();
    throw;
  }
}

}  // namespace

void bind_sim_ns3(py::module_& module) {
  module.def("ns3_version", &ns3world::ns3_version,
             "Version of the ns-3 library, such as \"3.37\".");
  module.def("run_ns3", &run, py::arg("plan"), py::kw_only(), py::arg("progress") = py::none(),
             py::arg("cancelled") = py::none(), py::arg("policies") = py::dict(),
             py::arg("leave") = py::none(), py::arg("files_folder") = "",
             "Runs a plan in a fresh child. `progress(fraction)` at most 20 times a second;\n"
             "`cancelled()` at least every 100 ms. `leave(error)` is called in the child with what "
             "a policy\n"
             "raised, and the child ends. Raises RunError, Cancelled.");
}
#else
void bind_sim_ns3(py::module_&) {}
#endif

}  // namespace poise::python
