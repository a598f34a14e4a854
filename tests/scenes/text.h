// Reading a line of a scene: words, numbers, times, and patterns with `*`.
#pragma once

#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

#include "model/time.h"

namespace poise::scene {

// What is wrong with a scene; the line number is put in front by whoever reads the file.
class Wrong : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// A cursor over one line. Every `take_...` skips blanks first, and throws Wrong when it cannot.
class Cursor {
 public:
  explicit Cursor(std::string_view text) : rest_(text) {}

  bool at_end();
  // Takes `literal` when it comes next.
  bool take(std::string_view literal);
  void must_take(std::string_view literal);
  // Up to the next blank.
  std::string take_word();
  // Up to `end`, which is taken too.
  std::string take_until(std::string_view end);
  std::uint64_t take_number(std::uint64_t most = UINT32_MAX);
  std::string_view rest();

 private:
  std::string_view rest_;
};

std::string_view trim(std::string_view text);
std::uint64_t number(std::string_view text, std::uint64_t most = UINT32_MAX);
// 250us, 5ms, 1.5s.
Duration duration(std::string_view text);
bool on_or_off(std::string_view text);
// `*` stands for any run of characters.
bool matches(std::string_view pattern, std::string_view text);

}  // namespace poise::scene
