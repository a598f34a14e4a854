// Lines, lists and near misses: what makes an error message help.
#include "model/scenario/problems.h"

#include <algorithm>
#include <numeric>

#include "model/check.h"
#include "model/scenario/schema.h"

namespace poise::scenario {
namespace {

constexpr std::size_t kListedMax = 20;

// Edits (insert, delete, replace, swap neighbours) between two words.
std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> before(b.size() + 1), row(b.size() + 1), next(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    next[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      next[j] =
          std::min({row[j] + 1, next[j - 1] + 1, row[j - 1] + (a[i - 1] == b[j - 1] ? 0u : 1u)});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
        next[j] = std::min(next[j], before[j - 2] + 1);
    }
    before.swap(row);
    row.swap(next);
  }
  return row[b.size()];
}

// One line of printable text, whatever came in.
std::string one_line(std::string_view text) {
  std::string line;
  for (const char c : text) line += static_cast<unsigned char>(c) < 0x20 || c == 0x7f ? ' ' : c;
  return line;
}

}  // namespace

PlanError::PlanError(std::vector<std::string> problems)
    : std::runtime_error(problems.empty() ? std::string() : problems.front()),
      problems_(std::move(problems)) {
  POISE_CHECK(!problems_.empty());
}

std::uint32_t Problems::line_of(std::string_view path) const {
  while (true) {
    if (const auto found = lines_.find(path); found != lines_.end()) return found->second;
    const std::size_t dot = path.rfind('.');
    if (dot == std::string_view::npos) return 0;
    path = path.substr(0, dot);
  }
}

void Problems::add(std::string_view path, std::string_view text) {
  concerned_.emplace(path);
  add_at(line_of(path), text);
}

void Problems::add_at(std::uint32_t line, std::string_view text) {
  found_.emplace_back(line, one_line(text));
}

std::vector<std::string> Problems::texts() const {
  std::vector<std::string> texts;
  for (const auto& [line, text] : found_) texts.push_back(text);
  return texts;
}

std::vector<std::string> Problems::located() const {
  auto sorted = found_;
  std::stable_sort(sorted.begin(), sorted.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  std::vector<std::string> lines;
  for (const auto& [line, text] : sorted)
    lines.push_back(file_ + (line ? ":" + std::to_string(line) : std::string()) + ": " + text);
  return lines;
}

void Problems::raise() const {
  if (!found_.empty()) throw PlanError(located());
}

std::string listed(std::span<const std::string_view> words) {
  std::string text;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (i == kListedMax && words.size() > kListedMax + 1)
      return text + " and " + std::to_string(words.size() - kListedMax) + " more";
    text += (i ? ", " : "") + std::string(words[i]);
  }
  return text;
}

std::string listed(std::span<const std::string> words) {
  const std::vector<std::string_view> views(words.begin(), words.end());
  return listed(std::span(views));
}

std::string did_you_mean(std::string_view word, std::span<const std::string_view> words) {
  constexpr std::size_t kWordMax =
      64;  // nobody mistypes longer ones, and the distance is quadratic
  std::string_view best;
  std::size_t best_distance = std::min<std::size_t>(3, word.size() / 2 + 1);
  for (const std::string_view candidate : words) {
    if (word.size() > kWordMax || candidate.size() > kWordMax || candidate == word) continue;
    if (const std::size_t distance = edit_distance(word, candidate); distance < best_distance) {
      best = candidate;
      best_distance = distance;
    }
  }
  return best.empty() ? std::string() : "; did you mean " + quoted(best) + "?";
}

}  // namespace poise::scenario
