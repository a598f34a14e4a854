// The log: one line an event, key=value, folded under flood, and never in the daemon's way.
//
//   2026-01-02T03:04:05.678Z info backend_up name=web1 address=10.0.0.11
//   2026-01-02T03:04:15.678Z warning line_invalid (... 1,234 more in 10 s)
//   2026-01-02T03:04:16.000Z warning log_lost lines=17 why="No space left on device"
#pragma once

#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "model/time.h"
#include "realnet/daemon/log/folding.h"
#include "realnet/daemon/settings/settings.h"

namespace spdlog {
class logger;
}

namespace poise::realnet {

class Output;

// key=value of a line. The value is quoted when it is empty or has more than plain characters.
struct LogField {
  std::string_view key;
  std::string value;

  LogField(std::string_view name, std::string text) : key(name), value(std::move(text)) {}
  LogField(std::string_view name, std::string_view text) : key(name), value(text) {}
  LogField(std::string_view name, const char* text) : key(name), value(text) {}
  LogField(std::string_view name, bool is) : key(name), value(is ? "true" : "false") {}
  LogField(std::string_view name, std::integral auto number)
      : key(name), value(std::to_string(number)) {}
  LogField(std::string_view name, Duration duration);  // in seconds
};

// May be called from every thread. An event's `kind` is a word of a fixed list, such as a Notice's:
// events of one kind are folded together.
class Log {
 public:
  using Fields = std::initializer_list<LogField>;

  // Throws SystemError when the target cannot be opened.
  explicit Log(const LogSettings& settings);
  Log(const LogSettings& settings, std::shared_ptr<Output> output);
  ~Log();  // writes what is still folded

  void debug(std::string_view kind, Fields fields) { write(LogLevel::debug, kind, fields); }
  void event(std::string_view kind, Fields fields) { write(LogLevel::info, kind, fields); }
  void warning(std::string_view kind, Fields fields) { write(LogLevel::warning, kind, fields); }
  void error(std::string_view kind, Fields fields) { write(LogLevel::error, kind, fields); }
  void write(LogLevel level, std::string_view kind, Fields fields);

  // Writes the sums of windows that ended; call it about once a second.
  void tick();

  // After the file was moved away (logrotate). When it cannot be opened the old one is kept, and
  // that is logged.
  void reopen();

  // Takes over new settings. Throws SystemError, and keeps the old ones, when the target cannot be
  // opened.
  void change(const LogSettings& settings);

  // Lines that could not be written, since the start.
  std::uint64_t lost() const;

 private:
  void put(LogLevel level, const std::string& text);
  void put(const Folding::Folded& folded);

  mutable std::mutex mutex_;
  LogSettings settings_;
  std::shared_ptr<Output> output_;
  std::unique_ptr<spdlog::logger> logger_;
  Folding folding_;
  std::uint64_t lost_ = 0, lost_unsaid_ = 0;
  int lost_why_ = 0;
};

// "backend_up name=web1 address=10.0.0.11", one line, whatever the values hold.
std::string event_text(std::string_view kind, Log::Fields fields);

}  // namespace poise::realnet
