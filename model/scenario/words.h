// The words of every enumeration of a plan and a result: one list each, for TOML, tables and
// Python.
#pragma once

#include <optional>
#include <span>
#include <string_view>

#include "model/scenario/plan.h"
#include "model/scenario/result.h"

namespace poise::scenario {

// The words of an enumeration in the order of its values: words(Outcome{})[0] == "ok".
std::span<const std::string_view> words(Outcome);
std::span<const std::string_view> words(Cause);
std::span<const std::string_view> words(NodeKind);
std::span<const std::string_view> words(FaultKind);
std::span<const std::string_view> words(Shape);

template <class E>
concept Worded = std::is_enum_v<E> && requires(E e) {
  words(e);
};

template <Worded E>
std::string_view to_string(E value) {
  return words(value)[static_cast<std::size_t>(value)];
}

template <Worded E>
std::optional<E> from_word(std::string_view word) {
  const std::span<const std::string_view> all = words(E{});
  for (std::size_t i = 0; i < all.size(); ++i)
    if (all[i] == word) return static_cast<E>(i);
  return std::nullopt;
}

// The value of `opposite(crash)` is restart, and so on for everything that `lasts` may end;
// nullopt for what has no end (drain, deregister, ...).
std::optional<FaultKind> opposite(FaultKind kind);

}  // namespace poise::scenario
