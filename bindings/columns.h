// Tables cross into Python as whole columns: one numpy array each, never an object per row.
#pragma once

#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>

namespace poise::python {

// A copy of `values` as a one-dimensional array.
template <class T>
pybind11::array_t<T> array_of(std::span<const T> values) {
  return pybind11::array_t<T>(static_cast<pybind11::ssize_t>(values.size()), values.data());
}

// The column `get(row)` of a table, as numbers of type T.
template <class T, class Rows, class Get>
pybind11::array_t<T> numbers(const Rows& rows, Get get) {
  pybind11::array_t<T> column(static_cast<pybind11::ssize_t>(rows.size()));
  T* out = column.mutable_data();
  for (const auto& row : rows) *out++ = static_cast<T>(get(row));
  return column;
}

// The column `get(row)` of a table, as text: an array of objects in which equal words are one
// object.
template <class Rows, class Get>
pybind11::array words(const Rows& rows, Get get) {
  namespace py = pybind11;
  py::array column(py::dtype("O"), static_cast<py::ssize_t>(rows.size()));
  auto** out = static_cast<PyObject**>(column.mutable_data());
  std::map<std::string, py::str, std::less<>> known;
  for (const auto& row : rows) {
    const std::string_view word = get(row);
    auto at = known.find(word);
    if (at == known.end())
      at = known.emplace(std::string(word), py::str(word.data(), word.size())).first;
    Py_XDECREF(*out);
    *out++ = py::str(at->second).release().ptr();
  }
  return column;
}

}  // namespace poise::python
