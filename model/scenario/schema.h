// The list of a plan's keys: reading, checking, writing and documentation are generated from it.
// Whoever else reads TOML (a daemon's settings) describes it with the same words.
//
// A Table describes a struct, a Field one of its members. Objects are reached through type-erased
// pointers to the struct that the table describes; a Value is a member in the form that TOML knows.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "model/scenario/plan.h"
#include "model/time.h"

namespace poise::scenario {

enum class Type : std::uint8_t {
  boolean,
  integer,
  number,   // an integer or a float
  seconds,  // the same; a Duration in the plan, rounded to nanoseconds
  text,
  word,    // a text out of Field::words
  policy,  // a word out of policy::catalogue() and the caller's custom policies
  address,
  texts,
  integers,
  points,     // pairs of numbers
  overrides,  // a table of dotted keys and any values
  table,
  tables,  // a list of tables
};

using Value = std::variant<bool, std::int64_t, double, Duration, std::string,
                           std::vector<std::string>, std::vector<std::int64_t>,
                           std::vector<std::pair<double, double>>, std::vector<Override>>;

struct Table;

struct Field {
  std::string_view name;
  Type type = Type::text;
  std::string_view doc;
  std::string_view unit = {};
  double min = 0, max = 0;  // integer, number, seconds, and the elements of integers
  std::span<const std::string_view> words = {};
  // text and texts: what else a text must be, and how an error says it ("an address with a port").
  bool (*accepts)(std::string_view text) = nullptr;
  std::string_view form = {};
  bool required = false;
  const Table* table = nullptr;  // table and tables

  // Members that hold a value. REQUIRES of set: the alternative and range that `type` says.
  Value (*get)(const void* object) = nullptr;
  void (*set)(void* object, const Value& value) = nullptr;
  // A table's struct, or a list's element.
  void* (*at)(void* object, std::size_t index) = nullptr;
  std::size_t (*size)(const void* object) = nullptr;         // tables
  void (*resize)(void* object, std::size_t size) = nullptr;  // tables; new elements are defaults

  // How schema.cc writes a field down: each gives a changed copy.
  Field range(double low, double high, std::string_view unit_name = {}) const;
  Field one_of(std::span<const std::string_view> allowed) const;
  Field as(Type other) const;
  Field like(bool (*accepted)(std::string_view), std::string_view form_text) const;
  Field must() const;
};

struct Table {
  std::string_view name;  // as in its header: "topology.client_link"; "" for the whole plan
  std::vector<Field> fields;
  const void* defaults = nullptr;     // an object of the struct with its default values
  std::string_view whole = "a plan";  // what errors call the table that has no name

  const Field* find(std::string_view field) const;
};

// The table of Plan.
const Table& plan_table();

// "0 to 1 s": what an integer, number or seconds may be.
std::string range_text(const Field& field);

// TOML of a value: shortest digits that read back equal.
std::string to_toml(const Value& value);
std::string quoted(std::string_view text);  // as a basic string, escaped
std::string to_toml(double number);
std::string to_toml(Duration duration);  // in seconds, exact

}  // namespace poise::scenario
