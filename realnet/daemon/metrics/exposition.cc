// Families, escaped labels and shortest numbers.
#include "realnet/daemon/metrics/exposition.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "model/check.h"

namespace poise::realnet {
namespace {

bool is_name(std::string_view name, bool with_colon) {
  const auto is_letter = [&](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || (with_colon && c == ':');
  };
  return !name.empty() && is_letter(name[0]) && std::all_of(name.begin(), name.end(), [&](char c) {
    return is_letter(c) || (c >= '0' && c <= '9');
  });
}

std::string escaped(std::string_view text, bool with_quotes) {
  std::string out;
  for (const char c : text) {
    if (c == '\n')
      out += "\\n";
    else if (c == '\\' || (with_quotes && c == '"'))
      out += {'\\', c};
    else
      out += c;
  }
  return out;
}

std::string label_text(const Exposition::Labels& labels) {
  std::string out;
  for (const auto& [name, value] : labels) {
    POISE_CHECK(is_name(name, false));
    out += (out.empty() ? "{" : ",") + std::string(name) + "=\"" + escaped(value, true) + "\"";
  }
  return out.empty() ? out : out + "}";
}

std::string number_text(double number) {
  if (std::isnan(number)) return "NaN";
  if (std::isinf(number)) return number > 0 ? "+Inf" : "-Inf";
  char digits[32];
  if (number == std::trunc(number) && std::abs(number) < 9e15) {
    const auto end =
        std::to_chars(digits, digits + sizeof digits, static_cast<std::int64_t>(number));
    return std::string(digits, end.ptr);
  }
  return std::string(digits, std::to_chars(digits, digits + sizeof digits, number).ptr);
}

}  // namespace

void Exposition::counter(std::string_view name, std::string_view help, double value,
                         const Labels& labels) {
  POISE_CHECK(name.ends_with("_total"));
  add(name, "counter", help, value, labels);
}

void Exposition::gauge(std::string_view name, std::string_view help, double value,
                       const Labels& labels) {
  add(name, "gauge", help, value, labels);
}

void Exposition::add(std::string_view name, std::string_view type, std::string_view help,
                     double value, const Labels& labels) {
  POISE_CHECK(is_name(name, true));
  const std::string word(name);
  const std::string head = "# HELP " + word + " " + escaped(help, false) + "\n# TYPE " + word +
                           " " + std::string(type) + "\n";
  auto family = std::find_if(families_.begin(), families_.end(),
                             [&](const Family& known) { return known.name == name; });
  if (family == families_.end()) {
    families_.push_back({word, head, {}});
    family = std::prev(families_.end());
  }
  POISE_CHECK(family->head == head);
  POISE_CHECK(family->samples.emplace(label_text(labels), value).second);
}

std::string Exposition::text() const {
  std::string out;
  for (const Family& family : families_) {
    out += family.head;
    for (const auto& [labels, value] : family.samples)
      out += family.name + labels + " " + number_text(value) + "\n";
  }
  return out;
}

}  // namespace poise::realnet
