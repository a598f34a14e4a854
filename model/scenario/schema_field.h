// How schema.cc writes a field down: key<&Struct::member>("name", "meaning").range(0, 1, "s").
#pragma once

#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "model/address.h"
#include "model/check.h"
#include "model/scenario/schema.h"
#include "model/scenario/words.h"

namespace poise::scenario {

namespace internal {

template <class>
struct MemberOf;
template <class Struct, class Member>
struct MemberOf<Member Struct::*> {
  using struct_type = Struct;
  using member_type = Member;
};
template <auto... Path>
struct Start;
template <auto First, auto... Rest>
struct Start<First, Rest...> : MemberOf<decltype(First)> {};
// The struct that a path of members starts in.
template <auto... Path>
using StructOf = typename Start<Path...>::struct_type;

// A member of a member: reach<&EdgeSpec::link, &LinkSpec::loss>(edge).
template <auto First, auto... Rest, class Struct>
auto& reach(Struct& object) {
  if constexpr (sizeof...(Rest) == 0) {
    return object.*First;
  } else {
    return reach<Rest...>(object.*First);
  }
}
template <auto... Path>
using MemberAt =
    std::remove_reference_t<decltype(reach<Path...>(std::declval<StructOf<Path...>&>()))>;

template <class T>
Value to_value(const T& member) {
  if constexpr (std::is_enum_v<T>) {
    return std::string(to_string(member));
  } else if constexpr (std::is_same_v<T, Address>) {
    return member.to_string();
  } else if constexpr (std::is_same_v<T, std::vector<std::uint32_t>>) {
    return std::vector<std::int64_t>(member.begin(), member.end());
  } else if constexpr (std::is_integral_v<T> && !std::is_same_v<T, bool>) {
    return static_cast<std::int64_t>(member);
  } else {
    return member;
  }
}

template <class T>
void from_value(const Value& value, T& member) {
  if constexpr (std::is_enum_v<T>) {
    const std::optional<T> word = from_word<T>(std::get<std::string>(value));
    POISE_CHECK(word);
    member = *word;
  } else if constexpr (std::is_same_v<T, Address>) {
    const std::optional<Address> address = Address::parse(std::get<std::string>(value));
    POISE_CHECK(address);
    member = *address;
  } else if constexpr (std::is_same_v<T, std::vector<std::uint32_t>>) {
    member.clear();
    for (const std::int64_t element : std::get<std::vector<std::int64_t>>(value))
      member.push_back(static_cast<std::uint32_t>(element));
  } else if constexpr (std::is_integral_v<T> && !std::is_same_v<T, bool>) {
    member = static_cast<T>(std::get<std::int64_t>(value));
  } else {
    member = std::get<T>(value);
  }
}

template <class T>
constexpr Type type_of() {
  if (std::is_enum_v<T>) return Type::word;
  if (std::is_same_v<T, bool>) return Type::boolean;
  if (std::is_integral_v<T>) return Type::integer;
  if (std::is_same_v<T, double>) return Type::number;
  if (std::is_same_v<T, Duration>) return Type::seconds;
  if (std::is_same_v<T, Address>) return Type::address;
  if (std::is_same_v<T, std::vector<std::string>>) return Type::texts;
  if (std::is_same_v<T, std::vector<std::uint32_t>>) return Type::integers;
  if (std::is_same_v<T, std::vector<std::pair<double, double>>>) return Type::points;
  if (std::is_same_v<T, std::vector<Override>>) return Type::overrides;
  return Type::text;
}

}  // namespace internal

template <auto... Path>
Field key(std::string_view name, std::string_view doc) {
  using Struct = internal::StructOf<Path...>;
  using Member = internal::MemberAt<Path...>;
  Field field;
  field.name = name;
  field.doc = doc;
  field.type = internal::type_of<Member>();
  if constexpr (std::is_enum_v<Member>) field.words = words(Member{});
  field.get = [](const void* object) {
    return internal::to_value<Member>(
        internal::reach<Path...>(*static_cast<const Struct*>(object)));
  };
  field.set = [](void* object, const Value& value) {
    internal::from_value<Member>(value, internal::reach<Path...>(*static_cast<Struct*>(object)));
  };
  return field;
}

template <auto Member>
Field sub(std::string_view name, std::string_view doc, const Table& table) {
  using Struct = internal::StructOf<Member>;
  Field field;
  field.name = name;
  field.doc = doc;
  field.type = Type::table;
  field.table = &table;
  field.at = [](void* object, std::size_t) -> void* {
    return &(static_cast<Struct*>(object)->*Member);
  };
  return field;
}

template <auto Member>
Field list(std::string_view name, std::string_view doc, const Table& table) {
  using Struct = internal::StructOf<Member>;
  Field field;
  field.name = name;
  field.doc = doc;
  field.type = Type::tables;
  field.table = &table;
  field.at = [](void* object, std::size_t index) -> void* {
    return &(static_cast<Struct*>(object)->*Member)[index];
  };
  field.size = [](const void* object) {
    return (static_cast<const Struct*>(object)->*Member).size();
  };
  field.resize = [](void* object, std::size_t size) {
    (static_cast<Struct*>(object)->*Member).resize(size);
  };
  return field;
}

template <class Struct>
Table describe(std::string_view name, std::vector<Field> fields) {
  static const Struct defaults{};
  return Table{name, std::move(fields), &defaults};
}

}  // namespace poise::scenario
