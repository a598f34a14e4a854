// TOML syntax by toml++ (this file alone includes it), keys, types and ranges by the schema.
#include "model/scenario/plan_read.h"

#define TOML_EXCEPTIONS 0
#define TOML_ENABLE_WINDOWS_COMPAT 0
#include <toml++/toml.h>

#include <algorithm>
#include <charconv>

#include "model/policy/policy.h"
#include "model/scenario/problems.h"
#include "model/scenario/schema.h"

namespace poise::scenario {
namespace {

constexpr std::size_t kTablesMax = 100'000;  // of one list
constexpr std::size_t kShownMax = 60;        // characters of a value in a message

// The canonical text of a node; empty for what no key may hold (dates and times).
std::string toml_of(const toml::node& node) {
  if (const auto* value = node.as_boolean()) return value->get() ? "true" : "false";
  if (const auto* value = node.as_integer()) return std::to_string(value->get());
  if (const auto* value = node.as_string()) return quoted(value->get());
  if (const auto* value = node.as_floating_point()) {
    const std::string text = to_toml(value->get());
    return text.find_first_not_of("-0123456789") == std::string::npos ? text + ".0" : text;
  }
  std::string out;
  if (const auto* array = node.as_array()) {
    for (const toml::node& element : *array) {
      const std::string text = toml_of(element);
      if (text.empty()) return {};
      out += (out.empty() ? "" : ", ") + text;
    }
    return "[" + out + "]";
  }
  if (const auto* table = node.as_table()) {
    for (const auto& [name, element] : *table) {
      const std::string text = toml_of(element);
      if (text.empty()) return {};
      out += (out.empty() ? "" : ", ") + quoted(name.str()) + " = " + text;
    }
    return out.empty() ? "{}" : "{ " + out + " }";
  }
  return {};
}

std::string shown(const toml::node& node) {
  std::string text = toml_of(node);
  if (text.empty()) return "a date or time";
  if (text.size() <= kShownMax) return text;
  std::size_t cut = kShownMax;  // not inside a UTF-8 sequence
  while (cut > 0 && (static_cast<unsigned char>(text[cut]) & 0xc0) == 0x80) --cut;
  return text.substr(0, cut) + "...";
}

std::vector<std::string_view> policy_kinds(CustomPolicies custom) {
  std::vector<std::string_view> kinds;
  for (const policy::Entry& entry : policy::catalogue()) kinds.push_back(entry.kind);
  kinds.insert(kinds.end(), custom.begin(), custom.end());
  return kinds;
}

std::string range_text(const Field& field) {
  const double scale = field.max >= 9.2e18 ? 0 : 1;
  std::string text =
      to_toml(field.min) + " to " + (scale == 0 ? "9223372036854775807" : to_toml(field.max));
  if (!field.unit.empty()) text += " " + std::string(field.unit);
  return text;
}

std::string_view expected(Type type) {
  switch (type) {
    case Type::boolean:
      return "true or false";
    case Type::integer:
      return "an integer";
    case Type::number:
      return "a number";
    case Type::seconds:
      return "a number of seconds";
    case Type::text:
    case Type::word:
    case Type::policy:
      return "a text in quotes";
    case Type::address:
      return "an address in quotes, such as \"10.255.0.1\"";
    case Type::texts:
      return "a list of texts";
    case Type::integers:
      return "a list of integers";
    case Type::points:
      return "a list of [bytes, percent] pairs";
    case Type::overrides:
      return "a table of keys and values";
    case Type::table:
      return "a table";
    case Type::tables:
      return "a list of tables";
  }
  return "";
}

std::optional<double> number_in(const toml::node& node) {
  if (const auto* value = node.as_integer()) return static_cast<double>(value->get());
  if (const auto* value = node.as_floating_point()) return value->get();
  return std::nullopt;
}

class Reader {
 public:
  Reader(Problems& problems, CustomPolicies custom, bool with_lines)
      : problems_(problems), custom_(custom), with_lines_(with_lines) {}

  void read_table(const toml::table& source, const Table& table, void* object,
                  const std::string& path) {
    for (const auto& [name, node] : source) {
      const std::string key =
          path.empty() ? std::string(name.str()) : path + "." + std::string(name.str());
      mark(key, name.source());
      if (const Field* field = table.find(name.str())) {
        read_field(node, *field, object, key);
      } else {
        unknown_key(name.str(), table, key);
      }
    }
    for (const Field& field : table.fields)
      if (field.required && !source.contains(field.name))
        problems_.add(path, path + " has no " + std::string(field.name) + "; it must be given");
  }

  void read_field(const toml::node& node, const Field& field, void* object,
                  const std::string& key) {
    mark(key, node.source(), true);
    if (field.type == Type::table) {
      const toml::table* table = node.as_table();
      if (!table) return wrong_type(node, field, key);
      read_table(*table, *field.table, field.at(object, 0), key);
    } else if (field.type == Type::tables) {
      read_tables(node, field, object, key);
    } else if (const std::optional<Value> value = value_in(node, field, key)) {
      field.set(object, *value);
    }
  }

  // Sets one key of a plan, from the outside or for a variant.
  void apply(Plan& plan, std::string_view key, std::string_view text) {
    const Table* table = &plan_table();
    void* object = &plan;
    std::string_view rest = key;
    while (true) {
      const std::size_t dot = rest.find('.');
      const std::string_view name = rest.substr(0, dot);
      const Field* field = table->find(name);
      if (!field) return unknown_key(name, *table, std::string(key));
      rest = dot == std::string_view::npos ? std::string_view() : rest.substr(dot + 1);
      if (rest.empty()) return apply_value(*field, object, std::string(key), text);
      std::size_t index = 0;
      if (field->size) {
        const auto number = std::from_chars(rest.data(), rest.data() + rest.size(), index);
        const auto digits = static_cast<std::size_t>(number.ptr - rest.data());
        if (number.ec != std::errc() || digits + 1 >= rest.size() || rest[digits] != '.' ||
            index >= field->size(object))
          return problems_.add(key, std::string(key) + " names no element of the " +
                                        std::to_string(field->size(object)) + " in " +
                                        std::string(name) + "; elements are named from 0, as in " +
                                        std::string(name) + ".0.KEY");
        rest = rest.substr(digits + 1);
      } else if (!field->table) {
        return problems_.add(
            key, std::string(key) + " is not a key; " + std::string(name) + " is a value");
      }
      object = field->at(object, index);
      table = field->table;
    }
  }

 private:
  void mark(const std::string& key, const toml::source_region& source, bool unless_marked = false) {
    if (!with_lines_ || source.begin.line == 0) return;
    if (!unless_marked || problems_.line_of(key) == 0) problems_.stands_at(key, source.begin.line);
  }

  void apply_value(const Field& field, void* object, const std::string& key,
                   std::string_view text) {
    const toml::parse_result parsed = toml::parse("value = " + std::string(text));
    if (!parsed || parsed.table().size() != 1 || !parsed.table().contains("value"))
      return problems_.add(key, key + " = " + std::string(text.substr(0, kShownMax)) +
                                    ": not a TOML value (texts stand in quotes)");
    read_field(*parsed.table().get("value"), field, object, key);
  }

  void unknown_key(std::string_view name, const Table& table, const std::string& key) {
    std::vector<std::string_view> names;
    for (const Field& field : table.fields) names.push_back(field.name);
    const std::string where =
        table.name.empty() ? "of a plan" : "of [" + std::string(table.name) + "]";
    problems_.add(key, std::string(name) + " is not a key " + where +
                           "; allowed: " + listed(std::span<const std::string_view>(names)) +
                           did_you_mean(name, names));
  }

  void wrong_type(const toml::node& node, const Field& field, const std::string& key) {
    problems_.add(key,
                  key + " is " + shown(node) + "; expected " + std::string(expected(field.type)));
  }

  void out_of_range(const toml::node& node, const Field& field, const std::string& key) {
    problems_.add(key, key + " is " + shown(node) + "; allowed: " + range_text(field));
  }

  void read_tables(const toml::node& node, const Field& field, void* object,
                   const std::string& key) {
    const toml::array* array = node.as_array();
    if (!array || array->size() > kTablesMax) return wrong_type(node, field, key);
    field.resize(object, 0);  // a list in the plan replaces the default one
    field.resize(object, array->size());
    for (std::size_t i = 0; i < array->size(); ++i) {
      const std::string element = key + "." + std::to_string(i);
      const toml::table* table = (*array)[i].as_table();
      mark(element, (*array)[i].source());
      if (table) {
        read_table(*table, *field.table, field.at(object, i), element);
      } else {
        problems_.add(element, element + " is " + shown((*array)[i]) + "; expected a table");
      }
    }
  }

  std::optional<Value> value_in(const toml::node& node, const Field& field,
                                const std::string& key) {
    switch (field.type) {
      case Type::boolean:
        if (const auto* value = node.as_boolean()) return Value(value->get());
        break;
      case Type::integer:
      case Type::number:
      case Type::seconds:
        return number_value(node, field, key);
      case Type::text:
        if (const auto* value = node.as_string()) return Value(value->get());
        break;
      case Type::word:
        return word_value(node, field, field.words, key);
      case Type::policy:
        return word_value(node, field, policy_kinds(custom_), key);
      case Type::address:
        return address_value(node, field, key);
      case Type::texts:
        return texts_value(node, field, key);
      case Type::integers:
        return integers_value(node, field, key);
      case Type::points:
        return points_value(node, field, key);
      case Type::overrides:
        return overrides_value(node, field, key);
      case Type::table:
      case Type::tables:
        break;
    }
    wrong_type(node, field, key);
    return std::nullopt;
  }

  std::optional<Value> number_value(const toml::node& node, const Field& field,
                                    const std::string& key) {
    const std::optional<double> number = number_in(node);
    if (!number || (field.type == Type::integer && !node.is_integer())) {
      wrong_type(node, field, key);
      return std::nullopt;
    }
    if (!(*number >= field.min && *number <= field.max)) {  // also NaN
      out_of_range(node, field, key);
      return std::nullopt;
    }
    if (field.type == Type::integer) return Value(node.as_integer()->get());
    return field.type == Type::number ? Value(*number) : Value(from_seconds(*number));
  }

  std::optional<Value> word_value(const toml::node& node, const Field& field,
                                  std::span<const std::string_view> allowed,
                                  const std::string& key) {
    const auto* value = node.as_string();
    if (!value) {
      problems_.add(key, key + " is " + shown(node) + "; expected " +
                             std::string(expected(field.type)) + ": " + listed(allowed));
      return std::nullopt;
    }
    if (std::find(allowed.begin(), allowed.end(), value->get()) != allowed.end())
      return Value(value->get());
    problems_.add(key, key + " is " + shown(node) + "; allowed: " + listed(allowed) +
                           did_you_mean(value->get(), allowed));
    return std::nullopt;
  }

  std::optional<Value> address_value(const toml::node& node, const Field& field,
                                     const std::string& key) {
    const auto* value = node.as_string();
    if (value && Address::parse(value->get())) return Value(value->get());
    wrong_type(node, field, key);
    return std::nullopt;
  }

  std::optional<Value> texts_value(const toml::node& node, const Field& field,
                                   const std::string& key) {
    std::vector<std::string> texts;
    if (const auto* array = node.as_array())
      for (const toml::node& element : *array)
        if (const auto* text = element.as_string()) texts.push_back(text->get());
    if (node.is_array() && texts.size() == node.as_array()->size()) return Value(std::move(texts));
    wrong_type(node, field, key);
    return std::nullopt;
  }

  std::optional<Value> integers_value(const toml::node& node, const Field& field,
                                      const std::string& key) {
    std::vector<std::int64_t> numbers;
    if (const auto* array = node.as_array()) {
      for (const toml::node& element : *array) {
        const auto* number = element.as_integer();
        if (!number) break;
        if (static_cast<double>(number->get()) < field.min ||
            static_cast<double>(number->get()) > field.max) {
          problems_.add(key,
                        key + " contains " + shown(element) + "; allowed: " + range_text(field));
          return std::nullopt;
        }
        numbers.push_back(number->get());
      }
    }
    if (node.is_array() && numbers.size() == node.as_array()->size())
      return Value(std::move(numbers));
    wrong_type(node, field, key);
    return std::nullopt;
  }

  std::optional<Value> points_value(const toml::node& node, const Field& field,
                                    const std::string& key) {
    std::vector<std::pair<double, double>> points;
    if (const auto* array = node.as_array()) {
      for (const toml::node& element : *array) {
        const auto* pair = element.as_array();
        if (!pair || pair->size() != 2) break;
        const std::optional<double> bytes = number_in((*pair)[0]), percent = number_in((*pair)[1]);
        if (!bytes || !percent) break;
        points.emplace_back(*bytes, *percent);
      }
    }
    if (node.is_array() && points.size() == node.as_array()->size())
      return Value(std::move(points));
    wrong_type(node, field, key);
    return std::nullopt;
  }

  std::optional<Value> overrides_value(const toml::node& node, const Field& field,
                                       const std::string& key) {
    std::vector<Override> overrides;
    const toml::table* table = node.as_table();
    if (!table || !collect(*table, "", key, overrides)) {
      if (!table) wrong_type(node, field, key);
      return std::nullopt;
    }
    return Value(std::move(overrides));
  }

  // Both { "policy.kind" = "jump" } and { policy.kind = "jump" } set policy.kind.
  bool collect(const toml::table& table, const std::string& prefix, const std::string& key,
               std::vector<Override>& out) {
    bool good = true;
    for (const auto& [name, node] : table) {
      const std::string path = prefix + std::string(name.str());
      if (const toml::table* nested = node.as_table()) {
        good = collect(*nested, path + ".", key, out) && good;
        continue;
      }
      std::string text = toml_of(node);
      if (text.empty())
        problems_.add(key, key + ": " + path + " is a date or time, which no key of a plan is");
      good = good && !text.empty();
      out.push_back({path, std::move(text)});
    }
    return good;
  }

  Problems& problems_;
  CustomPolicies custom_;
  bool with_lines_;
};

}  // namespace

void read_plan(std::string_view text, Plan& plan, Problems& problems, CustomPolicies custom,
               bool with_lines) {
  const toml::parse_result parsed = toml::parse(text);
  if (parsed) {
    Reader(problems, custom, with_lines).read_table(parsed.table(), plan_table(), &plan, "");
    return;
  }
  const toml::parse_error& error = parsed.error();
  problems.add_at(with_lines ? error.source().begin.line : 0,
                  "not TOML: " + std::string(error.description()));
}

void apply_override(Plan& plan, const Override& change, Problems& problems, CustomPolicies custom) {
  Reader(problems, custom, false).apply(plan, change.key, change.value);
}

}  // namespace poise::scenario
