// One operator's connection. Part of the server; not for others.
#pragma once

#include <array>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <memory>
#include <string>

#include "realnet/control/operator_server.h"

namespace poise::realnet {

// Reads a line, has it answered, writes the answer, and begins again. Holds itself alive while one
// of these is under way.
class OperatorSession : public std::enable_shared_from_this<OperatorSession> {
 public:
  using Socket = boost::asio::local::stream_protocol::socket;
  using Closed = std::function<void(const std::shared_ptr<OperatorSession>&)>;

  // `handler` must outlive the session's last close() or abandon().
  OperatorSession(Socket socket, const OperatorHandler& handler, const OperatorLimits& limits,
                  Closed closed);

  void start();
  // Says why, and closes.
  void turn_away(const std::string& why);
  void answer(const Answer& answer);  // of the request under way; without one: nothing
  void abandon();                     // closes; `closed` is not called

 private:
  void read();
  void take();
  void handle(const std::string& line);
  void write(const Answer& answer);
  void close();
  void expire_in(std::chrono::milliseconds time, const char* why);
  template <class F>
  auto guarded(F handler);

  Socket socket_;
  boost::asio::steady_timer timer_;
  const OperatorHandler& handler_;
  const OperatorLimits limits_;
  Closed closed_;
  std::array<char, 4096> piece_;
  std::string in_;
  std::string out_;
  bool handling_ = false;  // a request waits for its answer
  bool ended_ = false;     // the operator sends no more
  bool last_ = false;      // nothing comes after the answer under way
};

}  // namespace poise::realnet
