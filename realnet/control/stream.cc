// One control stream over TCP, plain or in TLS.
#include "realnet/control/stream.h"

#include <sys/socket.h>

#include <boost/asio/post.hpp>
#include <boost/asio/write.hpp>
#include <exception>
#include <utility>

#include "model/balancer/line.h"
#include "realnet/control/endpoint.h"
#include "realnet/control/socket_options.h"
#include "realnet/system/error.h"

namespace poise::realnet {

namespace asio = boost::asio;

// What the io_context calls: nothing once the stream is closed, and nothing escapes.
template <class F>
auto Stream::guarded(F handler) {
  return [self = shared_from_this(), handler](const Error& error, auto... rest) {
    if (self->phase_ == Phase::closed) return;
    try {
      handler(error, rest...);
    } catch (const std::exception& thrown) {
      self->end(StreamCount::callbacks_failed, thrown.what());
    }
  };
}

template <class F>
void Stream::with_transport(F use) {
  if (tls_) {
    use(*tls_);
  } else {
    use(socket_);
  }
}

Stream::Stream(Owner& owner, PeerId peer, Role role, Tcp::socket socket, Tcp::endpoint remote,
               Credentials credentials, const Limits& limits)
    : owner_(&owner),
      peer_(peer),
      role_(role),
      phase_(role == Role::dialled ? Phase::connecting : Phase::greeting),
      socket_(std::move(socket)),
      remote_(std::move(remote)),
      credentials_(std::move(credentials)),
      limits_(limits),
      timer_(socket_.get_executor()),
      in_(limits.read_bytes) {}

void Stream::dial(const asio::ip::address& local) {
  expire_in(limits_.connect_timeout, StreamCount::connects_failed, "no answer in time");
  try {
    open_from(local);
  } catch (const SystemError& error) {
    asio::post(socket_.get_executor(),
               [self = shared_from_this(), why = std::string(error.what())] {
                 self->end(StreamCount::connects_failed, why);
               });
    return;
  }
  socket_.async_connect(remote_, guarded([this](const Error& error) {
                          if (error) return end(StreamCount::connects_failed, error.message());
                          greet();
                        }));
}

void Stream::open_from(const asio::ip::address& local) {
  const int family = remote_.protocol().family();
  socket_.assign(
      remote_.protocol(),
      checked(::socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), "socket"));
  tune(socket_.native_handle(), limits_);
  if (local.is_unspecified() || local.is_v4() != remote_.address().is_v4()) return;
  Error error;
  socket_.bind({local, 0}, error);
  if (error) throw SystemError("bind " + to_string(Tcp::endpoint(local, 0)), error.message());
}

void Stream::greet() {
  phase_ = Phase::greeting;
  if (!credentials_.encrypted()) return rise();
  tls_.emplace(socket_, credentials_.context());
  expire_in(limits_.handshake_timeout, StreamCount::handshakes_timed_out,
            "no TLS handshake in time");
  tls_->async_handshake(
      role_ == Role::accepted ? asio::ssl::stream_base::server : asio::ssl::stream_base::client,
      guarded([this](const Error& error) { greeted(error); }));
}

void Stream::greeted(const Error& error) {
  if (error) return end(StreamCount::handshakes_failed, why_not(error));
  Credentials::Judgement judgement = credentials_.judge(tls_->native_handle());
  if (!judgement.admitted) return end(StreamCount::handshakes_failed, judgement.why);
  name_ = std::move(judgement.name);
  rise();
}

void Stream::rise() {
  phase_ = Phase::up;
  timer_.cancel();
  owner_->on_up(*this);
  if (phase_ != Phase::closed) read();
}

void Stream::read() {
  with_transport([this](auto& transport) {
    transport.async_read_some(
        asio::buffer(in_),
        guarded([this](const Error& error, std::size_t count) { took(error, count); }));
  });
}

void Stream::took(const Error& error, std::size_t count) {
  if (phase_ == Phase::leaving) {  // nobody listens any more
    if (!error) return read();
    heard_end_ = true;
    return part();
  }
  if (error == asio::error::eof) {  // a half-closed stream is of no use; it gets what was sent
    heard_end_ = true;
    tell_end(StreamCount::lost, "the other end closed it");
    return leave();
  }
  if (error) return end(StreamCount::lost, why_not(error));
  owner_->on_bytes(*this, {in_.data(), count});
  if (phase_ != Phase::closed) read();
}

void Stream::send(std::string_view bytes) {
  if (phase_ != Phase::up || overflown_) return;
  if (on_wire_.size() + out_.size() + bytes.size() > limits_.unsent_bytes_max) {
    overflown_ = true;
    asio::post(socket_.get_executor(), [self = shared_from_this()] {
      self->end(StreamCount::unsent_overflown, "it does not read what it is sent");
    });
    return;
  }
  out_ += bytes;
  if (!writing_) write();
}

void Stream::write() {
  writing_ = true;
  on_wire_ = std::exchange(out_, {});
  with_transport([this](auto& transport) {
    asio::async_write(transport, asio::buffer(on_wire_),
                      guarded([this](const Error& error, std::size_t) { wrote(error); }));
  });
}

void Stream::wrote(const Error& error) {
  writing_ = false;
  on_wire_.clear();
  if (error) return end(StreamCount::lost, why_not(error));
  if (!out_.empty()) return write();
  if (phase_ == Phase::leaving) finish();
}

void Stream::leave() {
  end_told_ = true;
  if (phase_ == Phase::closed || phase_ == Phase::leaving) return;
  if (phase_ != Phase::up) return cut();
  phase_ = Phase::leaving;
  expire_in(limits_.linger, StreamCount::lost, "");
  if (!writing_) finish();
}

void Stream::finish() {
  if (!tls_) return say_end();
  tls_->async_shutdown(guarded([this](const Error&) { say_end(); }));
}

void Stream::say_end() {
  Error ignored;
  socket_.shutdown(Tcp::socket::shutdown_send, ignored);
  said_end_ = true;
  part();
}

// Data that we did not read would make the kernel reset the connection when it is closed, and the
// reset would take along what we sent last: so it is closed when both ends have said all.
void Stream::part() {
  if (!said_end_ || !heard_end_) return;
  if (!tls_) return cut();
  discard();  // what TLS did not take: behind the other end's goodbye, or because of an error
}

void Stream::discard() {
  socket_.async_read_some(asio::buffer(in_), guarded([this](const Error& error, std::size_t) {
                            if (error) return cut();
                            discard();
                          }));
}

void Stream::expire_in(std::chrono::milliseconds time, StreamCount count, const char* why) {
  timer_.expires_after(time);
  timer_.async_wait(guarded([this, armed_in = phase_, count, why](const Error& error) {
    if (!error && phase_ == armed_in) end(count, why);
  }));
}

void Stream::end(StreamCount count, const std::string& why) {
  if (phase_ == Phase::closed) return;
  tell_end(count, why);
  cut();
}

void Stream::tell_end(StreamCount count, const std::string& why) {
  if (!std::exchange(end_told_, true)) owner_->on_end(*this, count, why);
}

void Stream::cut() {
  end_told_ = true;
  if (std::exchange(phase_, Phase::closed) == Phase::closed) return;
  Error ignored;
  timer_.cancel();
  socket_.close(ignored);
  asio::post(socket_.get_executor(), [self = shared_from_this()] {
    if (self->owner_ != nullptr) self->owner_->on_closed(*self);
  });
}

void Stream::abandon() {
  cut();
  owner_ = nullptr;
}

std::string Stream::why_not(const Error& error) {
  std::string why = error.message();
  if (tls_) {
    const long verified = SSL_get_verify_result(tls_->native_handle());
    if (verified != X509_V_OK && verified != X509_V_ERR_UNSPECIFIED)
      why += std::string(": ") + X509_verify_cert_error_string(verified);
  }
  return printable(why, 200);
}

}  // namespace poise::realnet
