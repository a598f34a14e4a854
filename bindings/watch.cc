// Calls back into Python while a run is watched, and gives its failures over.
#include "bindings/watch.h"

#include "bindings/module.h"
#include "model/scenario/run_error.h"

namespace py = pybind11;

namespace poise::python {

template <class Call>
void Watch::guard(Call call) {
  try {
    call();
  } catch (py::error_already_set& error) {
    error_.emplace(error);
  }
}

void Watch::on_progress(double fraction) {
  if (progress_.is_none() || error_) return;
  const py::gil_scoped_acquire gil;
  guard([&] { progress_(fraction); });
}

bool Watch::is_cancelled() {
  if (error_) return true;
  const py::gil_scoped_acquire gil;
  bool stop = false;
  guard([&] {
    if (PyErr_CheckSignals() != 0) throw py::error_already_set();
    stop = !cancelled_.is_none() && cancelled_().cast<bool>();
  });
  return stop || error_;
}

void Watch::rethrow() const {
  if (error_) throw py::error_already_set(*error_);
}

namespace {

void raise_run_error(const scenario::RunError& error) {
  const py::object type = py::module_::import("poise.errors").attr("RunError");
  const py::object value =
      type(error.what(), py::arg("seed") = error.seed(), py::arg("run") = error.run(),
           py::arg("signal") = error.signal(), py::arg("stderr") = error.stderr_tail());
  PyErr_SetObject(type.ptr(), value.ptr());
}

}  // namespace

void bind_run_errors(py::module_&) {
  py::register_exception_translator([](std::exception_ptr pointer) {
    try {
      if (pointer) std::rethrow_exception(pointer);
    } catch (const scenario::RunError& error) {
      raise_run_error(error);
    } catch (const scenario::Cancelled&) {
      const py::object type = py::module_::import("poise.errors").attr("Cancelled");
      PyErr_SetString(type.ptr(), "the run was cancelled");
    }
  });
}

}  // namespace poise::python
