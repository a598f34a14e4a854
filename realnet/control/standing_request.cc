// One connection, kept open: its end says that the listener died, and that the next must be told.
#include "realnet/control/standing_request.h"

#include <boost/asio/buffer.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/write.hpp>
#include <nlohmann/json.hpp>
#include <utility>

namespace poise::realnet {
namespace {

namespace asio = boost::asio;
using Error = boost::system::error_code;

constexpr std::chrono::milliseconds kLogInterval{1000};
constexpr std::size_t kAnswerMax = 64 * 1024;  // bytes

}  // namespace

StandingRequest::StandingRequest(asio::io_context& io, std::string path,
                                 std::function<void(std::string)> log,
                                 std::chrono::milliseconds retry, std::chrono::milliseconds repeat)
    : io_(io),
      path_(std::move(path)),
      log_(std::move(log), kLogInterval),
      retry_(retry),
      repeat_(repeat),
      socket_(io),
      timer_(io),
      life_(std::make_shared<char>()) {}

StandingRequest::~StandingRequest() = default;

void StandingRequest::say(std::string request) {
  const bool is_first = newest_.empty();
  newest_ = std::move(request);
  heard_ = heard_ && newest_ == said_;
  if (is_first) return connect();
  speak();
}

void StandingRequest::connect() {
  socket_ = Socket(io_);
  said_.clear();
  answers_.clear();
  socket_.async_connect(asio::local::stream_protocol::endpoint(path_),
                        [this, life = std::weak_ptr(life_)](const Error& error) {
                          if (life.expired()) return;
                          if (error) return try_later();
                          connected_ = true;
                          listen();
                          speak();
                        });
}

void StandingRequest::speak() {
  if (!connected_ || asked_ || (newest_ == said_ && !due_)) return;
  due_ = false;
  asked_ = true;
  said_ = newest_;
  line_ = said_ + "\n";
  // When it cannot be written, the reader hears so.
  asio::async_write(socket_, asio::buffer(line_), [](const Error&, std::size_t) {});
}

void StandingRequest::listen() {
  asio::async_read_until(socket_, asio::dynamic_buffer(answers_, kAnswerMax), '\n',
                         [this, life = std::weak_ptr(life_)](const Error& error, std::size_t size) {
                           if (life.expired()) return;
                           if (error) return try_later();
                           const std::string answer = answers_.substr(0, size);
                           answers_.erase(0, size);
                           take(answer);
                           listen();
                           speak();
                         });
}

void StandingRequest::take(const std::string& answer) {
  asked_ = false;
  const nlohmann::json said = nlohmann::json::parse(answer, nullptr, false);
  const bool is_done = said.is_object() && said.contains("ok") && said["ok"] == true;
  heard_ = is_done && said_ == newest_;
  if (!is_done) log_.say("refused", path_ + ": " + answer.substr(0, answer.find('\n')));
  if (heard_ && then_) then_();
  repeat_later();
}

void StandingRequest::repeat_later() {
  timer_.expires_after(repeat_);
  timer_.async_wait([this, life = std::weak_ptr(life_)](const Error& error) {
    if (error || life.expired()) return;
    due_ = true;
    speak();
  });
}

void StandingRequest::try_later() {
  connected_ = asked_ = heard_ = false;
  Error ignored;
  socket_.close(ignored);
  timer_.expires_after(retry_);
  timer_.async_wait([this, life = std::weak_ptr(life_)](const Error& error) {
    if (!error && !life.expired()) connect();
  });
}

}  // namespace poise::realnet
