// Accepts control streams, within their bounds.
#include "realnet/control/listener.h"

#include <fcntl.h>
#include <sys/socket.h>

#include <algorithm>
#include <boost/asio/ip/v6_only.hpp>
#include <cerrno>
#include <cstring>
#include <system_error>
#include <utility>

#include "realnet/control/endpoint.h"
#include "realnet/control/socket_options.h"
#include "realnet/control/stream_table.h"
#include "realnet/system/error.h"

namespace poise::realnet {
namespace {

namespace asio = boost::asio;
using Tcp = asio::ip::tcp;

constexpr int kBacklog = 1024;
constexpr int kAcceptsInARow = 16;  // then the other handlers have their turn
constexpr std::chrono::milliseconds kTokenPause{10};
constexpr std::chrono::milliseconds kExhaustedPause{100};

Fd spare() {
  return Fd(::open("/dev/null", O_RDONLY | O_CLOEXEC));
}

Tcp::acceptor listen_on(asio::io_context& io, const Tcp::endpoint& endpoint) {
  const std::string attempt = "listen on " + to_string(endpoint);
  const int family = endpoint.protocol().family();
  Tcp::acceptor acceptor(io);
  acceptor.assign(
      endpoint.protocol(),
      checked(::socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), attempt));
  try {
    acceptor.set_option(Tcp::acceptor::reuse_address(true));
    if (endpoint.address().is_v6()) acceptor.set_option(asio::ip::v6_only(true));
    acceptor.bind(endpoint);
    acceptor.listen(kBacklog);
  } catch (const boost::system::system_error& error) {
    throw SystemError(attempt, error.code().value());
  }
  return acceptor;
}

}  // namespace

Listener::Listener(asio::io_context& io, const Endpoint& endpoint, Credentials credentials,
                   const Limits& limits, StreamEvents events)
    : io_(io),
      acceptor_(listen_on(io, endpoint)),
      timer_(io),
      credentials_(std::move(credentials)),
      limits_(limits),
      streams_(std::make_unique<StreamTable>(limits, std::move(events))),
      spare_(spare()),
      tokens_(static_cast<double>(limits.accepts_per_second)),
      tokens_at_(std::chrono::steady_clock::now()),
      life_(std::make_shared<char>()) {
  wait();
}

Listener::~Listener() = default;

void Listener::send(PeerId peer, std::string_view bytes) {
  streams_->send(peer, bytes);
}

void Listener::close(PeerId peer) {
  streams_->close(peer);
}

std::string Listener::name_of(PeerId peer) const {
  return streams_->name_of(peer);
}

void Listener::use(Credentials credentials) {
  credentials_ = std::move(credentials);
}

Listener::Endpoint Listener::endpoint() const {
  return acceptor_.local_endpoint();
}

const StreamCounters& Listener::counters() const {
  return streams_->counters;
}

std::size_t Listener::connection_count() const {
  return streams_->size();
}

void Listener::wait() {
  acceptor_.async_wait(Tcp::acceptor::wait_read,
                       [this, life = std::weak_ptr(life_)](const boost::system::error_code& error) {
                         if (!error && !life.expired()) accept_some();
                       });
}

void Listener::pause(std::chrono::milliseconds time) {
  timer_.expires_after(time);
  timer_.async_wait([this, life = std::weak_ptr(life_)](const boost::system::error_code& error) {
    if (!error && !life.expired()) accept_some();
  });
}

void Listener::accept_some() {
  for (int i = 0; i < kAcceptsInARow; ++i) {
    if (!has_token()) {
      streams_->note(StreamCount::delayed_accepts, "more than " +
                                                       std::to_string(limits_.accepts_per_second) +
                                                       " connections a second: they wait");
      return pause(kTokenPause);
    }
    sockaddr_storage address{};
    socklen_t length = sizeof address;
    Fd fd(::accept4(acceptor_.native_handle(), reinterpret_cast<sockaddr*>(&address), &length,
                    SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (!fd) {
      const int why = errno;
      if (why == EAGAIN) break;
      if (why == EMFILE || why == ENFILE || why == ENOBUFS || why == ENOMEM)
        return spend_spare(why);
      // Of the connection, not of us: it was reset before we took it (accept(2)).
      streams_->note(StreamCount::accepts_failed,
                     std::string("accept: ") + std::generic_category().message(why));
      continue;
    }
    tokens_ -= 1;
    Endpoint remote;
    std::memcpy(remote.data(), &address, length);
    if (admits(remote)) take(std::move(fd), remote);
  }
  wait();
}

bool Listener::has_token() {
  const auto now = std::chrono::steady_clock::now();
  const double rate = static_cast<double>(limits_.accepts_per_second);
  const std::chrono::duration<double> passed = now - tokens_at_;
  tokens_at_ = now;
  tokens_ = std::min(rate, tokens_ + passed.count() * rate);
  return tokens_ >= 1;
}

bool Listener::admits(const Endpoint& remote) {
  const auto refuse = [&](StreamCount count, std::size_t bound) {
    streams_->note(count, remote, "there are " + std::to_string(bound) + " already");
    return false;
  };
  if (streams_->size() >= limits_.connection_count_max)
    return refuse(StreamCount::refused_connections, limits_.connection_count_max);
  if (streams_->count_of(remote.address()) >= limits_.connection_count_source_max)
    return refuse(StreamCount::refused_source, limits_.connection_count_source_max);
  if (streams_->greeting_count() >= limits_.handshake_count_max)
    return refuse(StreamCount::refused_handshakes, limits_.handshake_count_max);
  return true;
}

void Listener::take(Fd fd, const Endpoint& remote) {
  tune(fd.get(), limits_);
  Tcp::socket socket(io_);
  boost::system::error_code error;
  socket.assign(remote.protocol(), fd.get(), error);
  if (error) return streams_->note(StreamCount::accepts_failed, remote, error.message());
  fd.release();
  do ++last_peer_;
  while (streams_->contains(last_peer_));
  streams_->accept(last_peer_, std::move(socket), remote, credentials_);
}

// Without a descriptor the connection would stay at the head of the backlog and wake us for ever.
// So one is turned away with the spare, and the others wait until some descriptor may be free.
void Listener::spend_spare(int why) {
  spare_.reset();
  Fd turned_away(::accept4(acceptor_.native_handle(), nullptr, nullptr, SOCK_CLOEXEC));
  turned_away.reset();
  spare_ = spare();
  streams_->note(StreamCount::descriptors_exhausted, std::string("accept: ") +
                                                         std::generic_category().message(why) +
                                                         ": a connection was turned away");
  pause(kExhaustedPause);
}

}  // namespace poise::realnet
