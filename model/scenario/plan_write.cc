// Writing a plan: the same schema, values that differ from the defaults, in the schema's order.
#include <charconv>
#include <cmath>

#include "model/scenario/plan_toml.h"
#include "model/scenario/problems.h"
#include "model/scenario/schema.h"

namespace poise::scenario {
namespace {

// The schema reaches members through plain pointers; writing only reads them.
void* of(const void* object) {
  return const_cast<void*>(object);
}

std::string joined(std::string_view path, std::string_view name) {
  return path.empty() ? std::string(name) : std::string(path) + "." + std::string(name);
}

bool equal(const Table& table, const void* a, const void* b) {
  for (const Field& field : table.fields) {
    if (field.get) {
      if (field.get(a) != field.get(b)) return false;
      continue;
    }
    const std::size_t size = field.size ? field.size(a) : 1;
    if (field.size && size != field.size(b)) return false;
    for (std::size_t i = 0; i < size; ++i)
      if (!equal(*field.table, field.at(of(a), i), field.at(of(b), i))) return false;
  }
  return true;
}

bool differs(const Field& field, const void* object, const void* defaults) {
  if (field.get) return field.get(object) != field.get(defaults);
  if (!field.size) return !equal(*field.table, field.at(of(object), 0), field.at(of(defaults), 0));
  if (field.size(object) != field.size(defaults)) return true;
  for (std::size_t i = 0; i < field.size(object); ++i)
    if (!equal(*field.table, field.at(of(object), i), field.at(of(defaults), i))) return true;
  return false;
}

void write_table(const Table& table, const void* object, std::string_view path, std::string& out) {
  const bool whole = path.empty();
  for (const Field& field : table.fields) {
    const bool always =
        field.required || (whole && (field.name == "title" || field.name == "seed"));
    if (field.get && (always || differs(field, object, table.defaults)))
      out += std::string(field.name) + " = " + to_toml(field.get(object)) + "\n";
    if (field.size && field.size(object) == 0 && field.size(table.defaults) != 0)
      out += std::string(field.name) + " = []\n";
  }
  for (const Field& field : table.fields) {
    if (field.get || !differs(field, object, table.defaults)) continue;
    const std::string name = joined(path, field.name);
    const std::size_t size = field.size ? field.size(object) : 1;
    for (std::size_t i = 0; i < size; ++i) {
      out += field.size ? "\n[[" + name + "]]\n" : "\n[" + name + "]\n";
      write_table(*field.table, field.at(of(object), i), name, out);
    }
  }
}

std::string inline_table(const Table& table, const void* object) {
  std::string out;
  for (const Field& field : table.fields) {
    out += (out.empty() ? "{ " : ", ") + std::string(field.name) + " = ";
    if (field.get) {
      out += to_toml(field.get(object));
    } else if (!field.size) {
      out += inline_table(*field.table, field.at(of(object), 0));
    } else {
      out += "[";
      for (std::size_t i = 0; i < field.size(object); ++i)
        out += (i ? ", " : "") + inline_table(*field.table, field.at(of(object), i));
      out += "]";
    }
  }
  return out + " }";
}

}  // namespace

std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += {'\\', c};
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '\t') {
      out += "\\t";
    } else if (byte < 0x20 || byte == 0x7f) {
      constexpr char kDigits[] = "0123456789ABCDEF";
      out += "\\u00";
      out += {kDigits[byte >> 4], kDigits[byte & 15]};
    } else {
      out += c;
    }
  }
  return out + "\"";
}

std::string to_toml(double number) {
  if (std::isnan(number)) return "nan";
  if (std::isinf(number)) return number > 0 ? "inf" : "-inf";
  char digits[32];
  if (number == std::trunc(number) && std::abs(number) < 1e15 &&
      !(number == 0 && std::signbit(number))) {
    const auto end =
        std::to_chars(digits, digits + sizeof digits, static_cast<std::int64_t>(number));
    return std::string(digits, end.ptr);
  }
  const auto end = std::to_chars(digits, digits + sizeof digits, number);
  std::string text(digits, end.ptr);
  if (text == "-0") text = "-0.0";
  return text;
}

std::string to_toml(Duration duration) {
  const std::int64_t ns = duration.count();
  const std::uint64_t magnitude =
      ns < 0 ? -static_cast<std::uint64_t>(ns) : static_cast<std::uint64_t>(ns);
  std::string text = (ns < 0 ? "-" : "") + std::to_string(magnitude / 1'000'000'000);
  if (const std::uint64_t rest = magnitude % 1'000'000'000) {
    std::string fraction = std::to_string(1'000'000'000 + rest).substr(1);
    fraction.erase(fraction.find_last_not_of('0') + 1);
    text += "." + fraction;
  }
  return text;
}

namespace {

std::string text_of(bool value) {
  return value ? "true" : "false";
}
std::string text_of(std::int64_t value) {
  return std::to_string(value);
}
std::string text_of(double value) {
  return to_toml(value);
}
std::string text_of(Duration value) {
  return to_toml(value);
}
std::string text_of(const std::string& value) {
  return quoted(value);
}
std::string text_of(const std::pair<double, double>& value) {
  return "[" + to_toml(value.first) + ", " + to_toml(value.second) + "]";
}
template <class T>
std::string text_of(const std::vector<T>& values) {
  std::string out = "[";
  for (std::size_t i = 0; i < values.size(); ++i) out += (i ? ", " : "") + text_of(values[i]);
  return out + "]";
}
std::string text_of(const std::vector<Override>& overrides) {
  if (overrides.empty()) return "{}";
  std::string out = "{ ";
  for (std::size_t i = 0; i < overrides.size(); ++i)
    out += (i ? ", " : "") + quoted(overrides[i].key) + " = " + overrides[i].value;
  return out + " }";
}

}  // namespace

std::string to_toml(const Value& value) {
  return std::visit([](const auto& held) { return text_of(held); }, value);
}

std::string write_plan(const Plan& plan) {
  std::string out;
  write_table(plan_table(), &plan, "", out);
  return out;
}

std::string value_of(const Plan& plan, std::string_view key) {
  const Table* table = &plan_table();
  const void* object = &plan;
  for (std::string_view rest = key;;) {
    const std::size_t dot = rest.find('.');
    const Field* field = table->find(rest.substr(0, dot));
    if (!field) throw PlanError({std::string(key) + " is not a key of a plan"});
    rest = dot == std::string_view::npos ? std::string_view() : rest.substr(dot + 1);
    if (field->get) {
      if (!rest.empty()) throw PlanError({std::string(key) + " is not a key of a plan"});
      return to_toml(field->get(object));
    }
    std::size_t index = 0;
    if (field->size) {
      if (rest.empty()) {
        std::string out = "[";
        for (std::size_t i = 0; i < field->size(object); ++i)
          out += (i ? ", " : "") + inline_table(*field->table, field->at(of(object), i));
        return out + "]";
      }
      const auto number = std::from_chars(rest.data(), rest.data() + rest.size(), index);
      const auto digits = static_cast<std::size_t>(number.ptr - rest.data());
      if (number.ec != std::errc() || index >= field->size(object) ||
          (digits < rest.size() && rest[digits] != '.'))
        throw PlanError({std::string(key) + " is not a key of a plan"});
      rest = digits < rest.size() ? rest.substr(digits + 1) : std::string_view();
    }
    table = field->table;
    object = field->at(of(object), index);
    if (rest.empty()) return inline_table(*table, object);
  }
}

}  // namespace poise::scenario
