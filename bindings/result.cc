// Binds what a run gives: every table as a dict of whole columns, in both directions.
#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <string>
#include <type_traits>
#include <vector>

#include "bindings/columns.h"
#include "bindings/module.h"
#include "model/scenario/result.h"
#include "model/scenario/result_columns.h"
#include "model/scenario/words.h"

namespace py = pybind11;

namespace poise::python {
namespace {

using namespace scenario;

// Cells that Python sees as text: names, and enumerations by their word.
template <class Value>
inline constexpr bool kIsText = std::is_same_v<Value, std::string> || std::is_enum_v<Value>;

// To visit a table's columns without a row.
template <class Row>
const Row kNoRow{};

template <class Value>
std::string_view text_of(const Value& cell) {
  if constexpr (std::is_enum_v<Value>)
    return to_string(cell);
  else
    return cell;
}

template <class Row>
py::dict table_of(const std::vector<Row>& rows) {
  struct Column {
    const char* name;
    py::array array;
  };
  std::vector<Column> columns;
  std::vector<WordColumn> words_of_columns;  // parallel; unused where the column is numbers
  const auto count = static_cast<py::ssize_t>(rows.size());
  each_column(kNoRow<Row>, [&](const char* name, const auto& cell) {
    using Value = std::remove_cvref_t<decltype(cell)>;
    if constexpr (kIsText<Value>)
      columns.push_back({name, py::array(py::dtype("O"), count)});
    else
      columns.push_back({name, py::array_t<Value>(count)});
    words_of_columns.emplace_back(columns.back().array);
  });
  for (std::size_t at = 0; at < rows.size(); ++at) {
    std::size_t i = 0;
    each_column(rows[at], [&](const char*, const auto& cell) {
      using Value = std::remove_cvref_t<decltype(cell)>;
      if constexpr (kIsText<Value>)
        words_of_columns[i].put(at, text_of(cell));
      else
        static_cast<Value*>(columns[i].array.mutable_data())[at] = cell;
      ++i;
    });
  }
  py::dict table;
  for (const Column& column : columns) table[column.name] = column.array;
  return table;
}

template <class Value>
void read_cell(Value& out, py::handle cell, const char* name) {
  if constexpr (std::is_enum_v<Value>) {
    const auto word = cell.cast<std::string>();
    const auto value = from_word<Value>(word);
    if (!value) throw py::value_error(std::string(name) + " has the unknown word \"" + word + "\"");
    out = *value;
  } else {
    out = cell.cast<Value>();
  }
}

template <class Row>
void read_table(std::vector<Row>& rows, const char* table_name, const py::dict& table) {
  std::vector<py::list> columns;
  each_column(kNoRow<Row>, [&](const char* name, const auto&) {
    if (!table.contains(name))
      throw py::value_error(std::string(table_name) + " lacks the column " + name);
    const py::object array = py::module_::import("numpy").attr("asarray")(table[name]);
    columns.push_back(array.attr("tolist")());
    if (columns.back().size() != columns.front().size())
      throw py::value_error(std::string(table_name) + "." + name +
                            " is shorter or longer than the others");
  });
  rows.resize(columns.front().size());
  for (std::size_t at = 0; at < rows.size(); ++at) {
    std::size_t i = 0;
    each_column(rows[at],
                [&](const char* name, auto& cell) { read_cell(cell, columns[i++][at], name); });
  }
}

py::dict tables_of(const RunResult& result) {
  py::dict tables;
  each_table(result, [&](const char* name, const auto& rows) { tables[name] = table_of(rows); });
  return tables;
}

RunResult result_of(const py::dict& tables, std::int64_t events) {
  RunResult result;
  each_table(result, [&](const char* name, auto& rows) {
    if (!tables.contains(name)) throw py::value_error(std::string("there is no table ") + name);
    read_table(rows, name, tables[name]);
  });
  result.events = events;
  return result;
}

}  // namespace

void bind_result(py::module_& module) {
  py::class_<RunResult>(module, "RunResult", "What a run gave: tables, and their fingerprint.")
      .def(py::init<>(), "Empty tables: every column with its dtype.")
      .def(py::init(&result_of), py::arg("tables"), py::kw_only(), py::arg("events") = 0,
           "From tables as `tables()` gives them. Raises ValueError for a missing column.")
      .def("tables", &tables_of,
           "{table: {column: array[rows]}}; numbers keep their width, words are objects.")
      .def("fingerprint", &RunResult::fingerprint,
           "32 hexadecimal digits over all tables and digests.")
      .def_readonly("events", &RunResult::events, "Events that the world executed.")
      .def_readonly("wall_ns", &RunResult::wall_ns, "Wall time; not part of the fingerprint.")
      .def_readonly("files", &RunResult::files, "Captures and records: [(name, path)].");
}

}  // namespace poise::python
