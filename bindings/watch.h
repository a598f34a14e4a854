// Calls back into Python while a run is watched, in every world.
#pragma once

#include <pybind11/pybind11.h>

#include <optional>
#include <utility>

namespace poise::python {

// The first exception of a callback ends the run.
class Watch {
 public:
  Watch(pybind11::object progress, pybind11::object cancelled)
      : progress_(std::move(progress)), cancelled_(std::move(cancelled)) {}

  // Both take the GIL.
  void on_progress(double fraction);
  bool is_cancelled();
  // REQUIRES: the GIL.
  void rethrow() const;

 private:
  template <class Call>
  void guard(Call call);

  pybind11::object progress_, cancelled_;
  std::optional<pybind11::error_already_set> error_;
};

}  // namespace poise::python
