// A log that a flood cannot fill: one line of a kind in an interval, and how many were left out.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>

namespace poise::realnet {

class LimitedLog {
 public:
  LimitedLog(std::function<void(std::string)> log, std::chrono::milliseconds interval)
      : log_(std::move(log)), interval_(interval) {}

  // `kind` is one of a fixed list of words; `line` may carry a peer's text, made printable.
  void say(std::string_view kind, const std::string& line) noexcept;

 private:
  struct Kind {
    std::chrono::steady_clock::time_point quiet_until{};
    std::uint64_t left_out = 0;
  };

  std::function<void(std::string)> log_;
  std::chrono::milliseconds interval_;
  std::map<std::string, Kind, std::less<>> kinds_;
};

}  // namespace poise::realnet
