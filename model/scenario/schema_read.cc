// Keys, types and ranges of a TOML text, all by the schema.
#include "model/scenario/schema_read.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include "model/policy/policy.h"
#include "model/scenario/problems.h"
#include "model/scenario/schema.h"
#include "model/scenario/toml_tree.h"

namespace poise::scenario {
namespace {

constexpr std::size_t kTablesMax = 100'000;  // of one list
constexpr std::size_t kShownMax = 60;        // characters of a value in a message

using Words = std::span<const std::string_view>;

std::string shown(const TomlNode& node) {
  std::string text = to_toml(node);
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

std::optional<double> number_in(const TomlNode& node) {
  if (const auto* value = node.as<std::int64_t>()) return static_cast<double>(*value);
  if (const auto* value = node.as<double>()) return *value;
  return std::nullopt;
}

class Reader {
 public:
  Reader(Problems& problems, CustomPolicies custom, bool with_lines)
      : problems_(problems), custom_(custom), with_lines_(with_lines) {}

  // REQUIRES: `source` is a table.
  void read(const TomlNode& source, const Table& table, void* object) {
    whole_ = table.whole;
    read_table(source, table, object, "");
  }

  // Sets one key, from the outside or for a variant.
  void apply(const Table* table, void* object, std::string_view key, std::string_view text) {
    whole_ = table->whole;
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
          return no_element(key, name, field->size(object));
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
  void read_table(const TomlNode& source, const Table& table, void* object,
                  const std::string& path) {
    for (const TomlMember& member : *source.as<TomlNode::Members>()) {
      const std::string key = path.empty() ? member.name : path + "." + member.name;
      mark(key, member.line);
      if (const Field* field = table.find(member.name))
        read_field(member.node, *field, object, key);
      else
        unknown_key(member.name, table, key);
    }
    for (const Field& field : table.fields)
      if (field.required && !source.member(field.name))
        problems_.add(path, (path.empty() ? std::string(whole_) : path) + " has no " +
                                std::string(field.name) + "; it must be given");
  }

  void read_field(const TomlNode& node, const Field& field, void* object, const std::string& key) {
    if (field.type == Type::table) {
      if (!node.as<TomlNode::Members>()) return wrong_type(node, field, key);
      read_table(node, *field.table, field.at(object, 0), key);
    } else if (field.type == Type::tables) {
      read_tables(node, field, object, key);
    } else if (const std::optional<Value> value = value_in(node, field, key)) {
      field.set(object, *value);
    }
  }

  void mark(const std::string& key, std::uint32_t line) {
    if (with_lines_ && line != 0) problems_.stands_at(key, line);
  }

  void apply_value(const Field& field, void* object, const std::string& key,
                   std::string_view text) {
    const TomlText parsed = parse_toml("value = " + std::string(text));
    const TomlNode* node = parsed.table.member("value");
    if (!parsed.error.empty() || !node || parsed.table.as<TomlNode::Members>()->size() != 1)
      return problems_.add(key, key + " = " + std::string(text.substr(0, kShownMax)) +
                                    ": not a TOML value (texts stand in quotes)");
    read_field(*node, field, object, key);
  }

  void unknown_key(std::string_view name, const Table& table, const std::string& key) {
    std::vector<std::string_view> names;
    for (const Field& field : table.fields) names.push_back(field.name);
    const std::string where =
        "of " + (table.name.empty() ? std::string(whole_) : "[" + std::string(table.name) + "]");
    problems_.add(key, std::string(name) + " is not a key " + where +
                           "; allowed: " + listed(Words(names)) + did_you_mean(name, names));
  }

  void no_element(std::string_view key, std::string_view list, std::size_t size) {
    problems_.add(key, std::string(key) + " names no element of the " + std::to_string(size) +
                           " in " + std::string(list) + "; elements are named from 0, as in " +
                           std::string(list) + ".0.KEY");
  }

  void wrong_type(const TomlNode& node, const Field& field, const std::string& key) {
    problems_.add(key,
                  key + " is " + shown(node) + "; expected " + std::string(expected(field.type)));
  }

  void read_tables(const TomlNode& node, const Field& field, void* object, const std::string& key) {
    const auto* elements = node.as<TomlNode::Array>();
    if (!elements || elements->size() > kTablesMax) return wrong_type(node, field, key);
    field.resize(object, 0);  // a list in the plan replaces the default one
    field.resize(object, elements->size());
    for (std::size_t i = 0; i < elements->size(); ++i) {
      const TomlNode& element = (*elements)[i];
      const std::string path = key + "." + std::to_string(i);
      mark(path, element.line);
      if (element.as<TomlNode::Members>())
        read_table(element, *field.table, field.at(object, i), path);
      else
        problems_.add(path, path + " is " + shown(element) + "; expected a table");
    }
  }

  std::optional<Value> value_in(const TomlNode& node, const Field& field, const std::string& key) {
    switch (field.type) {
      case Type::boolean:
        if (const auto* value = node.as<bool>()) return Value(*value);
        break;
      case Type::integer:
      case Type::number:
      case Type::seconds:
        return number_value(node, field, key);
      case Type::text:
        if (const auto* value = node.as<std::string>()) return text_value(*value, node, field, key);
        break;
      case Type::word:
        return word_value(node, field, field.words, key);
      case Type::policy:
        return word_value(node, field, policy_kinds(custom_), key);
      case Type::address:
        if (const auto* value = node.as<std::string>())
          if (Address::parse(*value)) return Value(*value);
        break;
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

  std::optional<Value> number_value(const TomlNode& node, const Field& field,
                                    const std::string& key) {
    const std::optional<double> number = number_in(node);
    const auto* integer = node.as<std::int64_t>();
    if (!number || (field.type == Type::integer && !integer)) {
      wrong_type(node, field, key);
      return std::nullopt;
    }
    if (!(*number >= field.min && *number <= field.max)) {  // also NaN
      problems_.add(key, key + " is " + shown(node) + "; allowed: " + range_text(field));
      return std::nullopt;
    }
    if (field.type == Type::integer) return Value(*integer);
    return field.type == Type::number ? Value(*number) : Value(from_seconds(*number));
  }

  std::optional<Value> text_value(const std::string& text, const TomlNode& node, const Field& field,
                                  const std::string& key) {
    if (!field.accepts || field.accepts(text)) return Value(text);
    problems_.add(key, key + " is " + shown(node) + "; expected " + std::string(field.form));
    return std::nullopt;
  }

  std::optional<Value> texts_value(const TomlNode& node, const Field& field,
                                   const std::string& key) {
    std::optional<Value> list = list_value<std::string>(node, field, key);
    if (!list || !field.accepts) return list;
    for (const std::string& text : std::get<std::vector<std::string>>(*list)) {
      if (field.accepts(text)) continue;
      problems_.add(key,
                    key + " contains " + quoted(text) + "; expected " + std::string(field.form));
      return std::nullopt;
    }
    return list;
  }

  std::optional<Value> word_value(const TomlNode& node, const Field& field, Words allowed,
                                  const std::string& key) {
    const auto* value = node.as<std::string>();
    if (!value) {
      problems_.add(key, key + " is " + shown(node) + "; expected " +
                             std::string(expected(field.type)) + ": " + listed(allowed));
      return std::nullopt;
    }
    if (std::find(allowed.begin(), allowed.end(), *value) != allowed.end()) return Value(*value);
    problems_.add(key, key + " is " + shown(node) + "; allowed: " + listed(allowed) +
                           did_you_mean(*value, allowed));
    return std::nullopt;
  }

  // A list whose elements are all a T.
  template <class T>
  std::optional<Value> list_value(const TomlNode& node, const Field& field,
                                  const std::string& key) {
    std::vector<T> list;
    const auto* elements = node.as<TomlNode::Array>();
    if (elements)
      for (const TomlNode& element : *elements)
        if (const T* value = element.as<T>()) list.push_back(*value);
    if (elements && list.size() == elements->size()) return Value(std::move(list));
    wrong_type(node, field, key);
    return std::nullopt;
  }

  std::optional<Value> integers_value(const TomlNode& node, const Field& field,
                                      const std::string& key) {
    std::optional<Value> list = list_value<std::int64_t>(node, field, key);
    if (!list) return std::nullopt;
    for (const std::int64_t number : std::get<std::vector<std::int64_t>>(*list)) {
      if (static_cast<double>(number) >= field.min && static_cast<double>(number) <= field.max)
        continue;
      problems_.add(
          key, key + " contains " + std::to_string(number) + "; allowed: " + range_text(field));
      return std::nullopt;
    }
    return list;
  }

  std::optional<Value> points_value(const TomlNode& node, const Field& field,
                                    const std::string& key) {
    std::vector<std::pair<double, double>> points;
    const auto* elements = node.as<TomlNode::Array>();
    for (std::size_t i = 0; elements && i < elements->size(); ++i) {
      const auto* pair = (*elements)[i].as<TomlNode::Array>();
      if (!pair || pair->size() != 2) break;
      const std::optional<double> bytes = number_in((*pair)[0]), percent = number_in((*pair)[1]);
      if (bytes && percent) points.emplace_back(*bytes, *percent);
    }
    if (elements && points.size() == elements->size()) return Value(std::move(points));
    wrong_type(node, field, key);
    return std::nullopt;
  }

  std::optional<Value> overrides_value(const TomlNode& node, const Field& field,
                                       const std::string& key) {
    std::vector<Override> overrides;
    if (!node.as<TomlNode::Members>()) {
      wrong_type(node, field, key);
      return std::nullopt;
    }
    if (!collect(node, "", key, overrides)) return std::nullopt;
    return Value(std::move(overrides));
  }

  // Both { "policy.kind" = "jump" } and { policy.kind = "jump" } set policy.kind.
  bool collect(const TomlNode& table, const std::string& prefix, const std::string& key,
               std::vector<Override>& out) {
    bool good = true;
    for (const TomlMember& member : *table.as<TomlNode::Members>()) {
      const std::string path = prefix + member.name;
      if (member.node.as<TomlNode::Members>()) {
        good = collect(member.node, path + ".", key, out) && good;
        continue;
      }
      std::string text = to_toml(member.node);
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
  std::string_view whole_;  // what the table at the top is called
};

}  // namespace

void read_toml(std::string_view text, const Table& table, void* object, Problems& problems,
               CustomPolicies custom, bool with_lines) {
  const TomlText parsed = parse_toml(text);
  if (!parsed.error.empty())
    problems.add_at(with_lines ? parsed.error_line : 0, "not TOML: " + parsed.error);
  else
    Reader(problems, custom, with_lines).read(parsed.table, table, object);
}

void apply_override(const Table& table, void* object, const Override& change, Problems& problems,
                    CustomPolicies custom) {
  Reader(problems, custom, false).apply(&table, object, change.key, change.value);
}

}  // namespace poise::scenario
