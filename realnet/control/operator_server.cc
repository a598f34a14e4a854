// The operator's side of a daemon: who may speak, and how many at once.
#include "realnet/control/operator_server.h"

#include <sys/socket.h>
#include <unistd.h>

#include <boost/asio/local/stream_protocol.hpp>
#include <cerrno>
#include <system_error>
#include <utility>

#include "realnet/control/operator_session.h"
#include "realnet/system/error.h"

namespace poise::realnet {
namespace {

namespace asio = boost::asio;
using Error = boost::system::error_code;

constexpr std::chrono::milliseconds kLogInterval{1000};
constexpr std::chrono::milliseconds kExhaustedPause{100};

// Empty: an operator. Otherwise why not.
std::string stranger(int socket) {
  ucred peer{};
  socklen_t length = sizeof peer;
  if (::getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &length) != 0)
    return "the system does not say who asks";
  if (peer.uid == 0 || peer.uid == ::geteuid()) return "";
  return "user " + std::to_string(peer.uid) + " may not give orders: only root and user " +
         std::to_string(::geteuid());
}

}  // namespace

OperatorServer::OperatorServer(asio::io_context& io, const std::string& path,
                               OperatorHandler handler, const OperatorLimits& limits,
                               std::function<void(std::string)> log)
    : socket_(path),
      readiness_(io, checked(::dup(socket_.get()), "dup")),
      timer_(io),
      handler_(std::move(handler)),
      limits_(limits),
      log_(std::move(log), kLogInterval),
      life_(std::make_shared<char>()) {
  wait();
}

OperatorServer::~OperatorServer() {
  for (const auto& session : sessions_) session->abandon();
}

void OperatorServer::wait() {
  readiness_.async_wait(asio::posix::stream_descriptor::wait_read,
                        [this, life = std::weak_ptr(life_)](const Error& error) {
                          if (!error && !life.expired()) accept();
                        });
}

void OperatorServer::accept() {
  Fd fd = socket_.accept();
  const int why = errno;
  if (fd) {
    take(std::move(fd));
  } else if (why != EAGAIN) {  // no descriptor, no memory: the operator waits, and we do not spin
    log_.say("accept", "operator: accept: " + std::generic_category().message(why));
    timer_.expires_after(kExhaustedPause);
    return timer_.async_wait([this, life = std::weak_ptr(life_)](const Error& error) {
      if (!error && !life.expired()) wait();
    });
  }
  wait();
}

void OperatorServer::take(Fd fd) {
  std::string why = stranger(fd.get());
  if (why.empty() && sessions_.size() >= limits_.connection_count_max)
    why = "there are " + std::to_string(sessions_.size()) + " operators already";
  asio::local::stream_protocol::socket socket(readiness_.get_executor());
  Error error;
  socket.assign(asio::local::stream_protocol(), fd.get(), error);
  if (error) return log_.say("accept", "operator: " + error.message());
  fd.release();
  const auto session = std::make_shared<OperatorSession>(
      std::move(socket), handler_, limits_,
      [this](const std::shared_ptr<OperatorSession>& closed) { sessions_.erase(closed); });
  sessions_.insert(session);
  if (why.empty()) return session->start();
  log_.say("refused", "operator: " + why);
  session->turn_away(why);
}

}  // namespace poise::realnet
