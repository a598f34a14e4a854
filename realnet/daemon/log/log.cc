// Lines through spdlog into an output, folded and counted.
#include "realnet/daemon/log/log.h"

#include <spdlog/logger.h>
#include <spdlog/pattern_formatter.h>

#include <cstring>

#include "realnet/daemon/log/output.h"
#include "realnet/system/clock.h"
#include "realnet/system/error.h"

namespace poise::realnet {
namespace {

spdlog::level::level_enum to_spdlog(LogLevel level) {
  switch (level) {
    case LogLevel::debug:
      return spdlog::level::debug;
    case LogLevel::info:
      return spdlog::level::info;
    case LogLevel::warning:
      return spdlog::level::warn;
    case LogLevel::error:
      return spdlog::level::err;
  }
  return spdlog::level::err;
}

std::unique_ptr<spdlog::logger> logger_to(const std::shared_ptr<Output>& output) {
  output->set_formatter(std::make_unique<spdlog::pattern_formatter>(
      "%Y-%m-%dT%H:%M:%S.%eZ %l %v", spdlog::pattern_time_type::utc));
  auto logger = std::make_unique<spdlog::logger>("poised", output);
  logger->set_level(spdlog::level::trace);  // what is too low never comes so far
  logger->set_error_handler([](const std::string&) {});
  return logger;
}

// 1234567 as "1,234,567".
std::string grouped(std::uint64_t number) {
  std::string text = std::to_string(number);
  for (std::size_t at = text.size(); at > 3; at -= 3) text.insert(at - 3, ",");
  return text;
}

}  // namespace

Log::Log(const LogSettings& settings) : Log(settings, open_output(settings.to)) {}

Log::Log(const LogSettings& settings, std::shared_ptr<Output> output)
    : settings_(settings),
      output_(std::move(output)),
      logger_(logger_to(output_)),
      folding_(settings.fold) {}

Log::~Log() {
  const Instant at = now();
  while (const auto folded = folding_.next_of_all(at)) put(*folded);
}

void Log::write(LogLevel level, std::string_view kind, Fields fields) {
  const std::lock_guard lock(mutex_);
  if (level < settings_.level) return;
  if (folding_.admits(now(), kind, static_cast<int>(level))) put(level, event_text(kind, fields));
}

void Log::tick() {
  const std::lock_guard lock(mutex_);
  const Instant at = now();
  while (const auto folded = folding_.next_ended(at)) put(*folded);
}

void Log::reopen() {
  const std::lock_guard lock(mutex_);
  try {
    output_->reopen();
  } catch (const SystemError& error) {
    put(LogLevel::error, event_text("log_not_reopened", {{"why", error.what()}}));
  }
}

void Log::change(const LogSettings& settings) {
  const std::lock_guard lock(mutex_);
  if (!(settings.to == settings_.to)) {
    auto output = open_output(settings.to);
    logger_ = logger_to(output);
    output_ = std::move(output);
  }
  if (settings.fold != settings_.fold) {
    const Instant at = now();
    while (const auto folded = folding_.next_of_all(at)) put(*folded);
    folding_ = Folding(settings.fold);
  }
  settings_ = settings;
}

std::uint64_t Log::lost() const {
  const std::lock_guard lock(mutex_);
  return lost_;
}

void Log::put(LogLevel level, const std::string& text) {
  if (lost_unsaid_ != 0) {
    logger_->log(spdlog::level::warn,
                 event_text("log_lost", {{"lines", lost_unsaid_}, {"why", strerror(lost_why_)}}));
    if (output_->error() == 0) lost_unsaid_ = 0;
  }
  if (lost_unsaid_ == 0) {
    logger_->log(to_spdlog(level), text);
    if (output_->error() == 0) return;
  }
  ++lost_;
  ++lost_unsaid_;
  lost_why_ = output_->error();
}

void Log::put(const Folding::Folded& folded) {
  const auto seconds = std::chrono::ceil<std::chrono::seconds>(folded.during).count();
  put(static_cast<LogLevel>(folded.level), folded.kind + " (... " + grouped(folded.count) +
                                               " more in " + std::to_string(seconds) + " s)");
}

}  // namespace poise::realnet
