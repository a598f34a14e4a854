// What all roles have in common.
#include "realnet/daemon/frame.h"

#include <unistd.h>

#include <boost/asio/post.hpp>
#include <cmath>
#include <filesystem>
#include <system_error>
#include <utility>

#include "realnet/daemon/parts.h"
#include "realnet/system/clock.h"
#include "realnet/system/error.h"

namespace poise::realnet {

namespace {

// How long somebody else's firewall may keep our rules away. A look costs two short commands a
// family.
constexpr Duration kHostLookInterval = std::chrono::seconds{3};

std::string made(const std::string& folder) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) throw SystemError("make the state folder " + folder, error.value());
  return folder;
}

}  // namespace

Frame::Frame(const std::string& label, const LogSettings& log, const StateSettings& state)
    : label_(label),
      log_(log),
      signals_(io_,
               {.stop = [this](int times) { times > 1 ? finish() : static_cast<void>(stop()); },
                .reload = [this] { reload_and_go_on(); },
                .reopen_log = [this] { log_.reopen(); }}),
      host_(io_, made(state.folder), label,
            [this](HostSetup::Kind kind, const std::string& text) {
              if (kind == HostSetup::Kind::remark)
                log_.warning("host_remark", {{"what", text}});
              else
                log_.debug("host", {{"step", text}});
            }),
      deadline_(io_),
      second_(io_),
      started_(now()),
      host_seen_(started_) {}

int Frame::run(Role role, const std::string& socket, const MetricsSettings& metrics,
               Duration stop_drain) {
  role_ = std::move(role);
  stop_drain_ = stop_drain;
  const OperatorServer operator_server(
      io_, socket,
      [this](const nlohmann::json& request, Reply reply) { answer(request, std::move(reply)); }, {},
      [this](const std::string& what) {
        log_.warning("operator", {{"what", what}});
      });
  std::optional<MetricsServer> metrics_server;
  if (metrics.listen)
    metrics_server.emplace(io_, *metrics.listen,
                           MetricsSource{.metrics = role_.metrics,
                                         .unwell = [this] { return unwell(); },
                                         .unready = role_.unready});
  std::function<void(const boost::system::error_code&)> tick =
      [&](const boost::system::error_code& error) {
        if (error) return;
        every_second();
        second_.expires_after(std::chrono::seconds{1});
        second_.async_wait(tick);
      };
  tick({});
  supervisor_.watch(io_, [this] { return unwell().empty(); });
  supervisor_.ready();
  log_.event("ready", {{"role", role_.name}, {"name", label_}, {"pid", ::getpid()}});
  io_.run();
  second_.cancel();
  host_.undo();
  log_.event("stopped", {{"role", role_.name}, {"name", label_}, {"status", status_}});
  return status_;
}

void Frame::every_second() {
  log_.tick();
  if (role_.every_second) role_.every_second();
  tell_of_threads();
  if (now() - host_seen_ >= kHostLookInterval) mend_host();
}

// This loop turns whatever theirs do: whose thread stands still decides about no packet.
std::string Frame::unwell() {
  if (role_.turns) turn_watch_.look(now(), role_.turns());
  return turn_watch_.standing();
}

void Frame::tell_of_threads() {
  const std::string why = unwell();
  const bool was_unwell = std::exchange(is_unwell_, !why.empty());
  if (is_unwell_ && !was_unwell) log_.error("unwell", {{"why", why}});
  if (was_unwell && !is_unwell_) log_.event("well", {});
}

// It is said once that the host cannot be put in order, and tried until it can.
void Frame::mend_host() {
  host_seen_ = kNever;
  host_.mend_soon([this](bool mended, const std::string& why_not) {
    host_seen_ = now();
    if (mended) log_.warning("host_mended", {{"why", "rules or VIPs were not as we left them"}});
    if (!why_not.empty() && why_not != host_trouble_)
      log_.error("host_out_of_order", {{"why", why_not}});
    host_trouble_ = why_not;
  });
}

void Frame::finish(int status) {
  if (status != 0) status_ = status;
  // What was said to an operator a moment ago shall reach him.
  boost::asio::post(io_, [this] { boost::asio::post(io_, [this] { io_.stop(); }); });
}

void Frame::fail(const std::string& why) {
  log_.error("failed", {{"why", why}});
  finish(1);
}

void Frame::answer(const nlohmann::json& request, Reply reply) {
  const std::string what = request.at("do");
  if (what == "status")
    return host_.look([this, reply = std::move(reply)](bool in_order) {
      reply(done(label_ + " is up", status(in_order)));
    });
  if (what == "reload") return reply(done(reload()));
  if (what == "stop") return reply(done(stop()));
  role_.answer(request, std::move(reply));
}

Answer Frame::status(bool host_in_order) const {
  Answer status{{"role", role_.name},
                {"name", label_},
                {"state", stopping_ ? "stopping" : "running"},
                {"pid", ::getpid()},
                {"uptime_s", shown_seconds(now() - started_)},
                {"host_in_order", host_in_order},
                {"log_lines_lost", log_.lost()}};
  status.update(role_.status());
  return status;
}

std::string Frame::stop() {
  if (stopping_) return "it is stopping already";
  stopping_ = true;
  supervisor_.stopping();
  log_.event("stopping", {{"drain", stop_drain_}});
  deadline_.expires_after(stop_drain_);
  deadline_.async_wait([this](const boost::system::error_code& error) {
    if (!error) finish();
  });
  role_.drain();
  if (stop_drain_ <= Duration{}) return "it stops";
  const auto seconds = static_cast<int>(std::ceil(to_seconds(stop_drain_)));
  return "it stops in " + std::to_string(seconds) + " s at the latest";
}

void Frame::reload_and_go_on() {
  try {
    static_cast<void>(reload());
  } catch (const std::exception&) {  // it is in the log
  }
}

std::string Frame::reload() {
  supervisor_.reloading();
  log_.reopen();
  try {
    const std::string outcome = role_.reload();
    log_.event("reloaded", {{"outcome", outcome}});
    supervisor_.ready();
    return outcome;
  } catch (const std::exception& error) {
    log_.error("reload_failed", {{"why", error.what()}});
    supervisor_.ready();
    throw;
  }
}

}  // namespace poise::realnet
