// A daemon's answer, for people: sentences and tables.
#include "realnet/control/command/show.h"

#include <algorithm>
#include <vector>

namespace poise::realnet {
namespace {

using Json = nlohmann::ordered_json;

std::string harmless(std::string text) {
  for (char& c : text)
    if (static_cast<unsigned char>(c) < ' ' || c == '\x7f') c = '?';
  return text;
}

bool is_table(const Json& value) {
  return value.is_array() && !value.empty() &&
         std::all_of(value.begin(), value.end(), [](const Json& row) { return row.is_object(); });
}

std::string cell(const Json& value) {
  if (value.is_null()) return "-";
  if (value.is_boolean()) return value.get<bool>() ? "yes" : "no";
  if (value.is_string()) return harmless(value.get<std::string>());
  if (!value.is_array()) return harmless(value.dump(-1, ' ', true));
  std::string list;
  for (const Json& item : value) list += (list.empty() ? "" : ", ") + cell(item);
  return list.empty() ? "-" : list;
}

std::string padded(const std::string& text, std::size_t width, bool right) {
  const std::string space(width > text.size() ? width - text.size() : 0, ' ');
  return right ? space + text : text + space;
}

std::vector<std::string> columns_of(const Json& rows) {
  std::vector<std::string> columns;
  for (const Json& row : rows)
    for (const auto& [key, value] : row.items())
      if (std::find(columns.begin(), columns.end(), key) == columns.end()) columns.push_back(key);
  return columns;
}

std::string table(const Json& rows, const std::string& margin) {
  struct Column {
    std::vector<std::string> cells;
    std::size_t width = 0;
    bool numbers = true;
  };
  std::vector<Column> columns;
  for (const std::string& name : columns_of(rows)) {
    Column column;
    std::string head = harmless(name);
    std::transform(head.begin(), head.end(), head.begin(),
                   [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; });
    column.cells.push_back(head);
    for (const Json& row : rows) {
      column.cells.push_back(row.contains(name) ? cell(row.at(name)) : "");
      column.numbers = column.numbers && (!row.contains(name) || row.at(name).is_number());
    }
    for (const std::string& text : column.cells) column.width = std::max(column.width, text.size());
    columns.push_back(std::move(column));
  }
  std::string text;
  for (std::size_t i = 0; i <= rows.size(); ++i) {
    std::string line = margin;
    for (const Column& column : columns)
      line += padded(column.cells[i], column.width, column.numbers) + "  ";
    line.erase(line.find_last_not_of(' ') + 1);
    text += line + "\n";
  }
  return text;
}

std::string lines(const Json& object, const std::string& margin) {
  std::size_t width = 0;
  std::size_t value_width = 0;
  for (const auto& [key, value] : object.items()) {
    if (is_table(value) || value.is_object()) continue;
    width = std::max(width, key.size());
    if (value.is_number()) value_width = std::max(value_width, cell(value).size());
  }
  std::string text;
  for (const auto& [key, value] : object.items()) {
    const std::string name = harmless(key);
    if (is_table(value)) {
      text += margin + name + ":\n" + table(value, margin + "  ");
    } else if (value.is_object()) {
      text += margin + name + ":\n" + lines(value, margin + "  ");
    } else {
      text += margin + padded(name, width, false) + "  " +
              padded(cell(value), value.is_number() ? value_width : 0, true) + "\n";
    }
  }
  return text;
}

std::string sentence(const Json& answer) {
  std::string said = harmless(answer.value("say", "done"));
  if (said.empty()) return said;
  if (said.back() != '.') said += '.';
  return said + "\n";
}

}  // namespace

std::string show(const Json& answer) {
  const Json result = answer.value("result", Json());
  if (is_table(result)) return table(result, "");
  if (result.is_object()) return sentence(answer) + lines(result, "");
  if (result.is_null() || result.empty()) return sentence(answer);
  return sentence(answer) + cell(result) + "\n";
}

std::string show_names(const Json& answer) {
  std::string text;
  const Json result = answer.value("result", Json());
  if (!is_table(result)) return text;
  for (const Json& row : result)
    if (row.contains("name")) text += cell(row.at("name")) + "\n";
  return text;
}

}  // namespace poise::realnet
