// One operator's connection: requests in, answers out, and when it is hung up on.
#include "realnet/control/operator_session.h"

#include <algorithm>
#include <boost/asio/write.hpp>
#include <exception>
#include <utility>

namespace poise::realnet {
namespace {

namespace asio = boost::asio;
using Error = boost::system::error_code;
using nlohmann::json;

// What all copies of a Reply share: the first answer counts, and none is an answer too.
class Promise {
 public:
  explicit Promise(std::weak_ptr<OperatorSession> session) : session_(std::move(session)) {}
  Promise(const Promise&) = delete;
  Promise& operator=(const Promise&) = delete;
  ~Promise() {
    try {
      keep(refused("the daemon forgot the request"));
    } catch (const std::exception&) {
      // No memory for an answer: the session's own time limit ends it.
    }
  }

  void keep(const Answer& answer) {
    const std::shared_ptr<OperatorSession> session = std::exchange(session_, {}).lock();
    if (session) session->answer(answer);
  }

 private:
  std::weak_ptr<OperatorSession> session_;
};

}  // namespace

Answer done(const std::string& say, Answer result) {
  Answer answer{{"ok", true}, {"say", say}};
  if (!result.is_null()) answer["result"] = std::move(result);
  return answer;
}

Answer refused(const std::string& why) {
  return {{"ok", false}, {"error", why}};
}

template <class F>
auto OperatorSession::guarded(F handler) {
  return [self = shared_from_this(), handler](const Error& error, auto... rest) {
    if (!self->socket_.is_open()) return;
    try {
      handler(error, rest...);
    } catch (const std::exception&) {
      self->close();
    }
  };
}

OperatorSession::OperatorSession(Socket socket, const OperatorHandler& handler,
                                 const OperatorLimits& limits, Closed closed)
    : socket_(std::move(socket)),
      timer_(socket_.get_executor()),
      handler_(handler),
      limits_(limits),
      closed_(std::move(closed)) {}

void OperatorSession::start() {
  expire_in(limits_.idle_max, "no request came in time");
  read();
}

void OperatorSession::read() {
  socket_.async_read_some(asio::buffer(piece_),
                          guarded([this](const Error& error, std::size_t count) {
                            ended_ = bool(error);
                            in_.append(piece_.data(), count);
                            take();
                          }));
}

void OperatorSession::take() {
  const std::size_t end = std::min(in_.find('\n'), in_.size());
  if (end > limits_.request_bytes_max)
    return turn_away("the request is longer than " + std::to_string(limits_.request_bytes_max) +
                     " bytes");
  if (end < in_.size()) {
    const std::string line = in_.substr(0, end);
    in_.erase(0, end + 1);
    return handle(line);
  }
  if (!ended_) return read();
  if (in_.empty()) return close();
  turn_away("the request has no end of line");
}

void OperatorSession::handle(const std::string& line) {
  handling_ = true;
  expire_in(limits_.outcome_max, "the request has no outcome yet; it may still come");
  const auto promise = std::make_shared<Promise>(weak_from_this());
  try {
    const json request = json::parse(line);
    if (!request.is_object() || !request.contains("do") || !request.at("do").is_string())
      return promise->keep(refused("a request is a JSON object with a string under \"do\""));
    handler_(request, [promise](const Answer& answer) { promise->keep(answer); });
  } catch (const json::parse_error& error) {
    promise->keep(
        refused("the request is not JSON: byte " + std::to_string(error.byte) + " is wrong"));
  } catch (const std::exception& error) {
    promise->keep(refused(error.what()));
  }
}

void OperatorSession::answer(const Answer& answer) {
  if (handling_) write(answer);
}

void OperatorSession::turn_away(const std::string& why) {
  last_ = true;
  write(refused(why));
}

void OperatorSession::write(const Answer& answer) {
  handling_ = false;
  out_ = answer.dump(-1, ' ', false, Answer::error_handler_t::replace) + "\n";
  expire_in(limits_.taking_max, nullptr);
  asio::async_write(socket_, asio::buffer(out_), guarded([this](const Error& error, std::size_t) {
                      if (error || last_) return close();
                      expire_in(limits_.idle_max, "no request came in time");
                      take();
                    }));
}

void OperatorSession::expire_in(std::chrono::milliseconds time, const char* why) {
  timer_.expires_after(time);
  timer_.async_wait(guarded([this, why](const Error& error) {
    if (error || timer_.expiry() > std::chrono::steady_clock::now()) return;
    if (why == nullptr) return close();
    turn_away(why);
  }));
}

void OperatorSession::close() {
  const Closed closed = std::exchange(closed_, {});
  abandon();
  if (closed) closed(shared_from_this());
}

void OperatorSession::abandon() {
  Error ignored;
  handling_ = false;
  closed_ = {};
  timer_.cancel();
  socket_.close(ignored);
}

}  // namespace poise::realnet
