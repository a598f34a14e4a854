// Binds the replay of a daemon's record: the same machine, fed the same inputs offline.
#include <pybind11/pybind11.h>

#include <string>

#include "bindings/module.h"

#ifdef POISE_WORLD_LAB
#include "realnet/daemon/settings/load.h"
#include "realnet/replay/replay.h"
#include "realnet/system/error.h"
#endif

namespace py = pybind11;

namespace poise::python {

#ifdef POISE_WORLD_LAB
namespace {

// One whose record or settings cannot be read is the operator's error, and comes back as one.
realnet::RecordReplay replay(const std::string& record, const std::string& settings) {
  std::string why;
  try {
    const py::gil_scoped_release release;
    return realnet::replay_record(record, settings);
  } catch (const realnet::SystemError& error) {
    why = error.what();
  } catch (const realnet::SettingsError& error) {
    why = error.problems().front();
  }
  const py::object type = py::module_::import("poise.errors").attr("PoiseError");
  PyErr_SetString(type.ptr(), why.c_str());
  throw py::error_already_set();
}

}  // namespace

void bind_realnet_replay(py::module_& module) {
  using realnet::RecordReplay;
  py::class_<RecordReplay>(module, "RecordReplay")
      .def_property_readonly("machine",
                             [](const RecordReplay& self) {
                               return self.machine == RecordedMachine::balancer ? "balancer"
                                                                                : "agent";
                             })
      .def_readonly("identical", &RecordReplay::identical)
      .def_readonly("ended", &RecordReplay::ended)
      .def_readonly("events", &RecordReplay::events)
      .def_readonly("packets", &RecordReplay::packets)
      .def_readonly("diverged_at", &RecordReplay::diverged_at)
      .def("__str__", &RecordReplay::to_string);
  module.def("replay_record", &replay, py::arg("record"), py::kw_only(), py::arg("settings") = "",
             "Feeds a daemon's record to the same machine, and compares every output. `settings`: "
             "a file of\n"
             "the daemon's settings; empty: RECORD.toml. Raises PoiseError when a file cannot be "
             "read or is\n"
             "of something else.");
}
#else
void bind_realnet_replay(py::module_&) {}
#endif

}  // namespace poise::python
