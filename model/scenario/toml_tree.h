// TOML text as a plain tree with line numbers: the only door to toml++.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace poise::scenario {

struct TomlMember;

// A value as TOML knows it. Dates and times, which no plan has, come as std::monostate.
struct TomlNode {
  using Array = std::vector<TomlNode>;
  using Members = std::vector<TomlMember>;  // by name

  std::uint32_t line = 0;
  std::variant<std::monostate, bool, std::int64_t, double, std::string, Array, Members> value;

  // nullptr when the node is of another kind.
  template <class T>
  const T* as() const {
    return std::get_if<T>(&value);
  }
  const TomlNode* member(std::string_view name) const;
};

struct TomlMember {
  std::string name;
  std::uint32_t line = 0;  // of the name
  TomlNode node;
};

// A whole text: its table, or what is wrong with it.
struct TomlText {
  TomlNode table;
  std::string error;  // empty: the text is TOML
  std::uint32_t error_line = 0;
};
TomlText parse_toml(std::string_view text);

// The canonical text of a value, on one line; empty when a date or time is in it.
std::string to_toml(const TomlNode& node);

}  // namespace poise::scenario
