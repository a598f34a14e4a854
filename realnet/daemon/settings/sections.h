// How the schema writes spelled members and sections down, and the sections that all roles have.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "model/check.h"
#include "model/scenario/schema_field.h"
#include "realnet/daemon/settings/settings.h"
#include "realnet/daemon/settings/spelling.h"

namespace poise::realnet {

// A member that a Spelling writes as one text: spelled<EmitSpelling, &S::packets, ...>(...).
template <class Spelling, auto... Path>
scenario::Field spelled(std::string_view name, std::string_view doc) {
  using Struct = scenario::internal::StructOf<Path...>;
  scenario::Field field;
  field.name = name;
  field.doc = doc;
  field.get = [](const void* object) {
    return scenario::Value(
        Spelling::write(scenario::internal::reach<Path...>(*static_cast<const Struct*>(object))));
  };
  field.set = [](void* object, const scenario::Value& value) {
    const auto read = Spelling::read(std::get<std::string>(value));
    POISE_CHECK(read);
    scenario::internal::reach<Path...>(*static_cast<Struct*>(object)) = *read;
  };
  if constexpr (requires { Spelling::kWords; })
    return field.one_of(Spelling::kWords);
  else
    return field.like([](std::string_view text) { return Spelling::read(text).has_value(); },
                      Spelling::kForm);
}

// A list of them.
template <class Spelling, auto... Path>
scenario::Field spelled_list(std::string_view name, std::string_view doc) {
  using Struct = scenario::internal::StructOf<Path...>;
  using Texts = std::vector<std::string>;
  scenario::Field field;
  field.name = name;
  field.doc = doc;
  field.type = scenario::Type::texts;
  field.get = [](const void* object) {
    Texts texts;
    for (const auto& value :
         scenario::internal::reach<Path...>(*static_cast<const Struct*>(object)))
      texts.push_back(Spelling::write(value));
    return scenario::Value(std::move(texts));
  };
  field.set = [](void* object, const scenario::Value& value) {
    auto& list = scenario::internal::reach<Path...>(*static_cast<Struct*>(object));
    list.clear();
    for (const std::string& text : std::get<Texts>(value)) list.push_back(*Spelling::read(text));
  };
  return field.like([](std::string_view text) { return Spelling::read(text).has_value(); },
                    Spelling::kForm);
}

// A member in whole milliseconds.
template <auto... Path>
scenario::Field milliseconds(std::string_view name, std::string_view doc) {
  using Struct = scenario::internal::StructOf<Path...>;
  scenario::Field field;
  field.name = name;
  field.doc = doc;
  field.type = scenario::Type::seconds;
  field.get = [](const void* object) {
    return scenario::Value(
        Duration(scenario::internal::reach<Path...>(*static_cast<const Struct*>(object))));
  };
  field.set = [](void* object, const scenario::Value& value) {
    scenario::internal::reach<Path...>(*static_cast<Struct*>(object)) =
        std::chrono::round<std::chrono::milliseconds>(std::get<Duration>(value));
  };
  return field.range(0.001, 3600, "s");
}

// A section is a view of the whole struct.
inline scenario::Field section(std::string_view name, std::string_view doc,
                               const scenario::Table& table) {
  scenario::Field field;
  field.name = name;
  field.doc = doc;
  field.type = scenario::Type::table;
  field.table = &table;
  field.at = [](void* object, std::size_t) { return object; };
  return field;
}

}  // namespace poise::realnet
