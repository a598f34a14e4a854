// The operator's side of a daemon: a request a line, an answer a line, over a Unix socket.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <set>
#include <string>

#include "realnet/control/limited_log.h"
#include "realnet/control/operator_socket.h"

namespace poise::realnet {

// An answer keeps the order of its keys: poisectl shows it.
using Answer = nlohmann::ordered_json;

// {"ok":true,"say":"web1 drains","result":{...}}; no result: none. `say` is a sentence, without an
// end, for people.
Answer done(const std::string& say, Answer result = nullptr);
// {"ok":false,"error":"no backend is called web9"}.
Answer refused(const std::string& why);

// Answers a request, at any time, once; a second answer is lost, and so is one to an operator who
// has left. A reply that is destroyed unused says that the daemon forgot the request.
using Reply = std::function<void(Answer)>;
// A request is a JSON object with a string under "do". What a handler throws is the answer.
using OperatorHandler = std::function<void(const nlohmann::json& request, Reply reply)>;

struct OperatorLimits {
  std::size_t connection_count_max = 16;  // beyond: told so, and closed
  std::size_t request_bytes_max = 64 * 1024;
  std::chrono::milliseconds idle_max{60'000};      // between two requests, or in the middle of one
  std::chrono::milliseconds outcome_max{300'000};  // from a request to the handler's reply
  std::chrono::milliseconds taking_max{10'000};    // for the operator to take an answer
};

class OperatorSession;

// Everything happens on the thread that runs the io_context; the server is made and destroyed
// there, and not from its handler. Only root and the daemon's own user get an answer that is not a
// refusal. The requests of one connection are handled one after the other.
class OperatorServer {
 public:
  // Throws SystemError: "bind PATH: another daemon listens on it". `log` hears of strangers and of
  // bounds that were hit, at most a line of each kind in a second.
  OperatorServer(boost::asio::io_context& io, const std::string& path, OperatorHandler handler,
                 const OperatorLimits& limits = {}, std::function<void(std::string)> log = {});
  ~OperatorServer();  // drops the connections, takes the socket away
  OperatorServer(const OperatorServer&) = delete;
  OperatorServer& operator=(const OperatorServer&) = delete;

  const std::string& path() const { return socket_.path(); }
  std::size_t connection_count() const { return sessions_.size(); }

 private:
  void wait();
  void accept();
  void take(Fd fd);

  OperatorSocket socket_;
  boost::asio::posix::stream_descriptor readiness_;  // a second descriptor of the socket
  boost::asio::steady_timer timer_;
  const OperatorHandler handler_;
  const OperatorLimits limits_;
  LimitedLog log_;
  std::set<std::shared_ptr<OperatorSession>> sessions_;
  std::shared_ptr<void> life_;  // what a handler looks at before it touches this
};

}  // namespace poise::realnet
