// sd_notify and its watchdog.
#include "realnet/daemon/service/supervisor.h"

#include <systemd/sd-daemon.h>
#include <time.h>

#include <chrono>
#include <string>
#include <utility>

namespace poise::realnet {
namespace {

std::string monotonic_us() {
  timespec at{};
  ::clock_gettime(CLOCK_MONOTONIC, &at);
  return std::to_string(static_cast<std::int64_t>(at.tv_sec) * 1'000'000 + at.tv_nsec / 1000);
}

void notify(const std::string& state) {
  ::sd_notify(0, state.c_str());  // a manager that does not listen is not our concern
}

}  // namespace

void Supervisor::ready() {
  notify("READY=1");
}

void Supervisor::reloading() {
  notify("RELOADING=1\nMONOTONIC_USEC=" + monotonic_us());
}

void Supervisor::stopping() {
  notify("STOPPING=1");
}

void Supervisor::status(std::string_view text) {
  std::string line(text);
  for (char& c : line)
    if (c == '\n') c = ' ';
  notify("STATUS=" + line);
}

void Supervisor::watch(boost::asio::io_context& context, std::function<bool()> alive) {
  std::uint64_t timeout_us = 0;
  if (::sd_watchdog_enabled(0, &timeout_us) <= 0) return;
  interval_ = std::chrono::microseconds(timeout_us) / 2;
  alive_ = std::move(alive);
  timer_.emplace(context);
  wait();
}

void Supervisor::wait() {
  if (alive_()) notify("WATCHDOG=1");
  timer_->expires_after(interval_);
  timer_->async_wait([this](const boost::system::error_code& error) {
    if (!error) wait();
  });
}

}  // namespace poise::realnet
