// Tables cross into Python as whole columns: one numpy array each, never an object per row.
#pragma once

#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>

#include <cstdint>
#include <functional>
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

// Writes the cells of a column of text: an array of objects in which equal words are one object.
class WordColumn {
 public:
  // `array`: of objects, or anything else when put() is never called. It outlives this.
  explicit WordColumn(pybind11::array& array)
      : out_(static_cast<PyObject**>(array.mutable_data())) {}

  // REQUIRES: at < the array's size.
  void put(std::size_t at, std::string_view word) {
    auto known = words_.find(word);
    if (known == words_.end())
      known = words_.emplace(std::string(word), pybind11::str(word.data(), word.size())).first;
    Py_XDECREF(out_[at]);
    out_[at] = pybind11::str(known->second).release().ptr();
  }

 private:
  PyObject** out_;
  std::map<std::string, pybind11::str, std::less<>> words_;
};

// The column `get(row)` of a table, as numbers of type T.
template <class T, class Rows, class Get>
pybind11::array_t<T> numbers(const Rows& rows, Get get) {
  pybind11::array_t<T> column(static_cast<pybind11::ssize_t>(rows.size()));
  T* out = column.mutable_data();
  for (const auto& row : rows) *out++ = static_cast<T>(get(row));
  return column;
}

// The column `get(row)` of a table, as text.
template <class Rows, class Get>
pybind11::array words(const Rows& rows, Get get) {
  pybind11::array column(pybind11::dtype("O"), static_cast<pybind11::ssize_t>(rows.size()));
  WordColumn out(column);
  std::size_t at = 0;
  for (const auto& row : rows) out.put(at++, get(row));
  return column;
}

}  // namespace poise::python
