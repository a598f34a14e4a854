// The words, numbers and patterns of a scene's lines.
#include "tests/scenes/text.h"

#include <charconv>

namespace poise::scene {

std::string_view trim(std::string_view text) {
  constexpr std::string_view kBlank = " \t\r";
  const std::size_t first = text.find_first_not_of(kBlank);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kBlank) - first + 1);
}

bool Cursor::at_end() {
  return rest().empty();
}

std::string_view Cursor::rest() {
  rest_ = trim(rest_);
  return rest_;
}

bool Cursor::take(std::string_view literal) {
  if (!rest().starts_with(literal)) return false;
  rest_.remove_prefix(literal.size());
  return true;
}

void Cursor::must_take(std::string_view literal) {
  if (!take(literal))
    throw Wrong("expected `" + std::string(literal) + "` at `" + std::string(rest_) + "`");
}

std::string Cursor::take_word() {
  if (at_end()) throw Wrong("the line ends too early");
  const std::string word(rest_.substr(0, rest_.find_first_of(" \t")));
  rest_.remove_prefix(word.size());
  return word;
}

std::string Cursor::take_until(std::string_view end) {
  const std::size_t at = rest().find(end);
  if (at == std::string_view::npos)
    throw Wrong("expected `" + std::string(end) + "` in `" + std::string(rest_) + "`");
  const std::string taken(trim(rest_.substr(0, at)));
  rest_.remove_prefix(at + end.size());
  return taken;
}

std::uint64_t Cursor::take_number(std::uint64_t most) {
  const std::size_t digits = rest().find_first_not_of("0123456789");
  const std::string_view text = rest_.substr(0, digits);
  const std::uint64_t value = number(text, most);
  rest_.remove_prefix(text.size());
  return value;
}

std::uint64_t number(std::string_view text, std::uint64_t most) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || value > most)
    throw Wrong("`" + std::string(text) + "` is not a number from 0 to " + std::to_string(most));
  return value;
}

Duration duration(std::string_view text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const std::string_view unit(end, static_cast<std::size_t>(text.data() + text.size() - end));
  if (error == std::errc{} && value >= 0) {
    if (unit == "s") return from_seconds(value);
    if (unit == "ms") return from_seconds(value * 1e-3);
    if (unit == "us") return from_seconds(value * 1e-6);
  }
  throw Wrong("`" + std::string(text) + "` is not a time such as 250us, 5ms or 1.5s");
}

bool on_or_off(std::string_view text) {
  if (text != "on" && text != "off") throw Wrong("`" + std::string(text) + "` is not on or off");
  return text == "on";
}

bool matches(std::string_view pattern, std::string_view text) {
  std::size_t star = std::string_view::npos, resume = 0, p = 0, t = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      resume = t;
    } else if (p < pattern.size() && pattern[p] == text[t]) {
      ++p, ++t;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      t = ++resume;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

}  // namespace poise::scene
