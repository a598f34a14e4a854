// What is wrong with a plan, collected with the lines where its keys stand.
#pragma once

#include <map>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "model/scenario/plan_toml.h"

namespace poise::scenario {

// Keys by their dotted path ("fault.0.at_s"); a path without a line has its nearest ancestor's.
class Problems {
 public:
  explicit Problems(std::string_view file_name) : file_(file_name) {}

  void stands_at(const std::string& path, std::uint32_t line) { lines_[path] = line; }
  std::uint32_t line_of(std::string_view path) const;  // 0: unknown
  // Every path whose place is known.
  const std::map<std::string, std::uint32_t, std::less<>>& lines() const { return lines_; }

  void add(std::string_view path, std::string_view text);
  void add_at(std::uint32_t line, std::string_view text);

  bool empty() const { return found_.empty(); }
  // The keys that something is wrong with.
  const std::set<std::string, std::less<>>& concerned() const { return concerned_; }
  // The text of each, in the order found, without file and line.
  std::vector<std::string> texts() const;
  // The same with file and line before each, by line.
  std::vector<std::string> located() const;
  // Throws PlanError(located()) when there are any.
  void raise() const;

 private:
  std::string file_;
  std::map<std::string, std::uint32_t, std::less<>> lines_;
  std::vector<std::pair<std::uint32_t, std::string>> found_;
  std::set<std::string, std::less<>> concerned_;
};

// "a, b, c", cut after some 20 with the number of the others.
std::string listed(std::span<const std::string_view> words);
std::string listed(std::span<const std::string> words);

// `; did you mean "maglev"?` when one of the words is close, else nothing.
std::string did_you_mean(std::string_view word, std::span<const std::string_view> words);

}  // namespace poise::scenario
