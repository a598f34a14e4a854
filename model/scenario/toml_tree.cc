// toml++ parses; what it found is copied into the tree.
#include "model/scenario/toml_tree.h"

#define TOML_EXCEPTIONS 0
#define TOML_ENABLE_WINDOWS_COMPAT 0
#include <toml++/toml.h>

#include "model/scenario/schema.h"

namespace poise::scenario {
namespace {

TomlNode tree_of(const toml::node& node) {
  TomlNode tree;
  tree.line = node.source().begin.line;
  if (const auto* boolean = node.as_boolean()) {
    tree.value = boolean->get();
  } else if (const auto* integer = node.as_integer()) {
    tree.value = integer->get();
  } else if (const auto* number = node.as_floating_point()) {
    tree.value = number->get();
  } else if (const auto* text = node.as_string()) {
    tree.value = text->get();
  } else if (const auto* array = node.as_array()) {
    TomlNode::Array elements;
    for (const toml::node& element : *array) elements.push_back(tree_of(element));
    tree.value = std::move(elements);
  } else if (const auto* table = node.as_table()) {
    TomlNode::Members members;
    for (const auto& [key, member] : *table)
      members.push_back({std::string(key.str()), key.source().begin.line, tree_of(member)});
    tree.value = std::move(members);
  }
  return tree;
}

}  // namespace

TomlText parse_toml(std::string_view text) {
  const toml::parse_result parsed = toml::parse(text);
  if (parsed) return {tree_of(parsed.table()), {}, 0};
  const toml::parse_error& error = parsed.error();
  std::string_view description = error.description();
  constexpr std::string_view kPrefix = "Error ";
  if (description.starts_with(kPrefix)) description.remove_prefix(kPrefix.size());
  return {{}, std::string(description), error.source().begin.line};
}

const TomlNode* TomlNode::member(std::string_view name) const {
  if (const Members* members = as<Members>())
    for (const TomlMember& member : *members)
      if (member.name == name) return &member.node;
  return nullptr;
}

std::string to_toml(const TomlNode& node) {
  if (const auto* value = node.as<bool>()) return *value ? "true" : "false";
  if (const auto* value = node.as<std::int64_t>()) return std::to_string(*value);
  if (const auto* value = node.as<std::string>()) return quoted(*value);
  if (const auto* value = node.as<double>()) {
    const std::string text = to_toml(*value);  // and it stays a float when it is read again
    return text.find_first_not_of("-0123456789") == std::string::npos ? text + ".0" : text;
  }
  std::string out;
  if (const auto* elements = node.as<TomlNode::Array>()) {
    for (const TomlNode& element : *elements) {
      const std::string text = to_toml(element);
      if (text.empty()) return {};
      out += (out.empty() ? "" : ", ") + text;
    }
    return "[" + out + "]";
  }
  if (const auto* members = node.as<TomlNode::Members>()) {
    for (const TomlMember& member : *members) {
      const std::string text = to_toml(member.node);
      if (text.empty()) return {};
      out += (out.empty() ? "" : ", ") + quoted(member.name) + " = " + text;
    }
    return out.empty() ? "{}" : "{ " + out + " }";
  }
  return {};
}

}  // namespace poise::scenario
