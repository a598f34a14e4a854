// Reads `TIME LEVEL KIND name=SUBJECT why=DETAIL`, values quoted where they are no plain words.
#include "realnet/lab/log_notices.h"

#include <chrono>
#include <ctime>
#include <fstream>
#include <optional>
#include <string_view>

#include "realnet/system/clock.h"

namespace poise::realnet::lab {

namespace {

constexpr std::string_view kName = " name=";
constexpr std::string_view kWhy = " why=";

// From the calendar's clock to realnet's.
Duration calendar_offset() {
  return std::chrono::system_clock::now().time_since_epoch() - now().time_since_epoch();
}

// 2026-01-02T03:04:05.678Z
std::optional<Duration> parse_calendar(const std::string& text) {
  std::tm parts{};
  const char* rest = ::strptime(text.c_str(), "%Y-%m-%dT%H:%M:%S", &parts);
  if (!rest || std::string_view(rest).size() != 5 || *rest != '.') return std::nullopt;
  const std::chrono::milliseconds fraction{std::stoi(std::string(rest + 1, 3))};
  return std::chrono::seconds{::timegm(&parts)} + fraction;
}

// The value that `text` begins with; what is behind it stays.
std::string take_value(std::string_view& text) {
  std::string value;
  const bool is_quoted = text.starts_with('"');
  if (is_quoted) text.remove_prefix(1);
  while (!text.empty() && text.front() != (is_quoted ? '"' : ' ')) {
    if (is_quoted && text.front() == '\\' && text.size() > 1) text.remove_prefix(1);
    value += text.front();
    text.remove_prefix(1);
  }
  if (is_quoted && !text.empty()) text.remove_prefix(1);
  return value;
}

std::optional<LoggedNotice> parse_line(std::string_view line, Duration offset) {
  const std::size_t level = line.find(' ');
  if (level == line.npos) return std::nullopt;
  const auto calendar = parse_calendar(std::string(line.substr(0, level)));
  const std::size_t kind = line.find(' ', level + 1);
  if (!calendar || kind == line.npos) return std::nullopt;
  line.remove_prefix(kind + 1);
  LoggedNotice logged{Instant{*calendar - offset}, {}};
  logged.notice.kind = line.substr(0, line.find(' '));
  line.remove_prefix(logged.notice.kind.size());
  if (!line.starts_with(kName)) return std::nullopt;
  line.remove_prefix(kName.size());
  logged.notice.subject = take_value(line);
  if (!line.starts_with(kWhy)) return std::nullopt;
  line.remove_prefix(kWhy.size());
  logged.notice.detail = take_value(line);
  return logged;
}

}  // namespace

std::vector<LoggedNotice> notices_in_log(const std::string& path) {
  const Duration offset = calendar_offset();
  std::vector<LoggedNotice> all;
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);)
    if (auto notice = parse_line(line, offset)) all.push_back(std::move(*notice));
  return all;
}

}  // namespace poise::realnet::lab
